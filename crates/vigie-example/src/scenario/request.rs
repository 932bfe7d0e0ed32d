//! One request to a server: the cause of up to five rows in as many logs.

use vigie_model::Time;

/// A protocol of the client access front end: the folder of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Where a client finds its mailbox.
    Autodiscover,
    /// Phones.
    Eas,
    /// The admin center.
    Ecp,
    /// Web services.
    Ews,
    /// Outlook.
    Mapi,
    /// The offline address book.
    Oab,
    /// The web client.
    Owa,
    /// Remote PowerShell.
    PowerShell,
    /// Older Outlook.
    RpcHttp,
}

impl Protocol {
    /// Every protocol, in the order of their folders.
    pub const ALL: &'static [Protocol] = &[
        Protocol::Autodiscover,
        Protocol::Eas,
        Protocol::Ecp,
        Protocol::Ews,
        Protocol::Mapi,
        Protocol::Oab,
        Protocol::Owa,
        Protocol::PowerShell,
        Protocol::RpcHttp,
    ];

    /// The name of its folder, and of the column `Protocol`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Autodiscover => "Autodiscover",
            Protocol::Eas => "Eas",
            Protocol::Ecp => "Ecp",
            Protocol::Ews => "Ews",
            Protocol::Mapi => "Mapi",
            Protocol::Oab => "Oab",
            Protocol::Owa => "Owa",
            Protocol::PowerShell => "PowerShell",
            Protocol::RpcHttp => "RpcHttp",
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// When the answer was complete.
    pub time: Time,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// The protocol; `None` for what IIS answers alone.
    pub protocol: Option<Protocol>,
    /// The method.
    pub method: &'static str,
    /// The host name asked for; empty stands for the server's public name.
    pub host: String,
    /// The path.
    pub stem: String,
    /// The query without its question mark.
    pub query: String,
    /// The client's address.
    pub client: String,
    /// The user agent.
    pub agent: String,
    /// `DOMAIN\user`; empty when not authenticated.
    pub user: String,
    /// How it authenticated, or was asked to.
    pub auth: &'static str,
    /// What the protocol calls the action.
    pub action: String,
    /// How the mailbox was named.
    pub anchor: String,
    /// The status that the client saw.
    pub status: u16,
    /// What was asked behind; `None` when the front end answered itself.
    pub back_end: Option<BackEnd>,
    /// Bytes of the request's body.
    pub sent: u32,
    /// Bytes of the answer's body.
    pub received: u32,
    /// The exception that HttpProxy noted.
    pub errors: String,
}

/// The back-end half.
#[derive(Clone, Debug)]
pub struct BackEnd {
    /// Its status; `None` when the front end only prepared the request and nothing reached it.
    pub status: Option<u16>,
    /// The path behind.
    pub stem: String,
    /// The query behind.
    pub query: String,
    /// The account that the back end saw.
    pub user: String,
    /// How the target was found.
    pub hint: &'static str,
}

impl Request {
    /// A GET that the front end refuses: what a stranger gets. Change what differs.
    pub fn new(time: Time, protocol: Option<Protocol>, stem: &str) -> Request {
        Request {
            time,
            millis: 3,
            protocol,
            method: "GET",
            host: String::new(),
            stem: stem.to_owned(),
            query: String::new(),
            client: String::new(),
            agent: String::new(),
            user: String::new(),
            auth: "FBA",
            action: String::new(),
            anchor: String::new(),
            status: 200,
            back_end: None,
            sent: 0,
            received: 0,
            errors: String::new(),
        }
    }

    /// The same request, answered by the back end with the same path, query and status, for the same user.
    #[must_use]
    pub fn proxied(mut self, hint: &'static str) -> Request {
        self.back_end = Some(BackEnd {
            status: Some(self.status),
            stem: self.stem.clone(),
            query: self.query.clone(),
            user: self.user.clone(),
            hint,
        });
        self
    }
}
