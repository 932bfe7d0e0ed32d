//! The HttpProxy logs of the client access front end: one row a request, 74 columns.
//!
//! The columns are those of Exchange 2016 since 2021; values and their order follow published excerpts.

use std::fmt::Write as _;

use vigie_model::Time;

use super::{BOM, Build, comments, push_cell};
use crate::clock::{later, push_iso};
use crate::ident::Guid;

/// The columns.
pub const FIELDS: &str = "DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,ClientRequestId,\
Protocol,UrlHost,UrlStem,ProtocolAction,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,\
AnchorMailbox,UserAgent,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,ErrorCode,Method,ProxyAction,\
TargetServer,TargetServerVersion,RoutingType,RoutingHint,BackEndCookie,ServerLocatorHost,ServerLocatorLatency,\
RequestBytes,ResponseBytes,TargetOutstandingRequests,AuthModulePerfContext,HttpPipelineLatency,\
CalculateTargetBackEndLatency,GlsLatencyBreakup,TotalGlsLatency,AccountForestLatencyBreakup,\
TotalAccountForestLatency,ResourceForestLatencyBreakup,TotalResourceForestLatency,ADLatency,\
SharedCacheLatencyBreakup,TotalSharedCacheLatency,ActivityContextLifeTime,ModuleToHandlerSwitchingLatency,\
ClientReqStreamLatency,BackendReqInitLatency,BackendReqStreamLatency,BackendProcessingLatency,\
BackendRespInitLatency,BackendRespStreamLatency,ClientRespStreamLatency,KerberosAuthHeaderLatency,\
HandlerCompletionLatency,RequestHandlerLatency,HandlerToModuleSwitchingLatency,ProxyTime,CoreLatency,\
RoutingLatency,HttpProxyOverhead,TotalRequestTime,RouteRefresherLatency,UrlQuery,BackEndGenericInfo,GenericInfo,\
GenericErrors,EdgeTraceId,DatabaseGuid,UserADObjectGuid,PartitionEndpointLookupLatency,RoutingStatus";

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// When it ended.
    pub time: Time,
    /// The id that IIS repeats as `cafeReqId`.
    pub id: Guid,
    /// The build that writes.
    pub build: Build,
    /// The id the client gave.
    pub client_request: &'a str,
    /// `Ecp`: also the name of the folder.
    pub protocol: &'a str,
    /// The host name of the URL.
    pub host: &'a str,
    /// The path.
    pub stem: &'a str,
    /// What the protocol calls the action.
    pub action: &'a str,
    /// `FBA`, `NTLM`, `Basic`, `Negotiate`.
    pub auth: &'a str,
    /// `DOMAIN\user`; empty when not authenticated.
    pub user: &'a str,
    /// How the mailbox was named.
    pub anchor: &'a str,
    /// Its commas become blanks.
    pub agent: &'a str,
    /// The client's address.
    pub client: &'a str,
    /// The server's short name.
    pub server: &'a str,
    /// The status the client saw.
    pub status: u16,
    /// The method.
    pub method: &'a str,
    /// What was asked behind; `None` when the front end answered itself.
    pub back_end: Option<BackEnd<'a>>,
    /// Bytes of the request's body.
    pub request_bytes: u32,
    /// Bytes of the answer's body.
    pub response_bytes: u32,
    /// Whole time, in milliseconds.
    pub millis: u32,
    /// The query with its question mark, or empty.
    pub query: &'a str,
    /// Exceptions, in the language of the server.
    pub errors: &'a str,
}

/// The back-end half of a request.
#[derive(Clone, Copy, Debug)]
pub struct BackEnd<'a> {
    /// Its status; `None` when the front end only prepared the request.
    pub status: Option<u16>,
    /// The server asked.
    pub target: &'a str,
    /// How the target was found.
    pub hint: &'a str,
    /// The cookie that names the target.
    pub cookie: &'a str,
    /// The database routed to; empty when none was.
    pub database: &'a str,
}

/// The head of a file: the bare header row that `Import-Csv` needs, then the comment block.
pub fn header(out: &mut String, build: Build, first: Time) {
    out.push_str(BOM);
    out.push_str(FIELDS);
    out.push_str("\r\n");
    out.push_str(&comments(&build.padded(), "HttpProxy Logs", first, FIELDS));
}

/// Appends a row.
pub fn row(out: &mut String, row: &Row<'_>) {
    push_iso(out, row.time);
    let Build { major, minor, build, revision } = row.build;
    // Writing into a string cannot fail.
    let _ = write!(out, ",{},{major},{minor},{build},{revision},{},", row.id, row.client_request);
    out.push_str(row.protocol);
    let authenticated = if row.user.is_empty() { "false" } else { "true" };
    for cell in [row.host, row.stem, row.action, row.auth, authenticated, row.user, "", row.anchor] {
        out.push(',');
        push_cell(out, cell);
    }
    out.push(',');
    for piece in row.agent.split(',') {
        if !out.ends_with(',') {
            out.push(' ');
        }
        out.push_str(piece);
    }
    let _ = write!(out, ",{},{},{},", row.client, row.server, row.status);
    routing(out, row);
    latencies(out, row);
    push_cell(out, row.query);
    out.push_str(",,");
    generic_info(out, row);
    out.push(',');
    push_cell(out, row.errors);
    out.push_str(",,");
    match row.back_end {
        Some(BackEnd { database, .. }) if !database.is_empty() => {
            let _ = write!(out, "|RoutingDB:{database},,,CafeV1\r\n");
        }
        Some(_) => out.push_str(",,,CafeV1\r\n"),
        None => out.push_str(",,,\r\n"),
    }
}

/// From `BackEndStatus` to `BackEndCookie`.
fn routing(out: &mut String, row: &Row<'_>) {
    let Some(back) = row.back_end else {
        let _ = write!(out, ",,{},,,,,,,", row.method);
        return;
    };
    if let Some(status) = back.status {
        let _ = write!(out, "{status}");
    }
    let _ = write!(out, ",,{},Proxy,{},{},IntraForest,", row.method, back.target, row.build.target());
    push_cell(out, back.hint);
    out.push(',');
    push_cell(out, back.cookie);
    out.push(',');
}

/// From `ServerLocatorHost` to `RouteRefresherLatency`; what was not done is left empty.
fn latencies(out: &mut String, row: &Row<'_>) {
    let (whole, request) = (row.millis, row.request_bytes);
    let result = if row.back_end.is_none() {
        write!(out, ",,{request},,,,,,,,,,,,,,,{whole},,,,,,,,,,,,,,{whole},,{whole},{whole},,")
    } else {
        let (behind, response) = (whole.saturating_sub(2), row.response_bytes);
        write!(
            out,
            ",,{request},{response},,,0,0,,0,,0,,0,0,,0,{whole},0,0,0,0,{behind},0,0,0,0,0,{whole},0,{behind},1,1,2,\
             {whole},,"
        )
    };
    // Writing into a string cannot fail.
    let _ = result;
}

fn generic_info(out: &mut String, row: &Row<'_>) {
    let stamp = |out: &mut String, name: &str, before: u32| {
        out.push_str(name);
        push_iso(out, later(row.time, -i64::from(before) * 1000));
        out.push(';');
    };
    stamp(out, "BeginRequest=", row.millis);
    out.push_str("CorrelationID=<empty>;");
    match row.back_end {
        None => {
            out.push_str("SharedCacheGuard=0;");
            if row.status == 302 {
                out.push_str("NoCookies=302 - GET/E14AuthPost;");
            }
        }
        Some(BackEnd { status: None, .. }) => {
            out.push_str("ProxyState-Run=None;FEAuth=BEVersion-1942063232;");
            out.push_str("ProxyState-Complete=PrepareServerRequest;SharedCacheGuard=0;");
        }
        Some(BackEnd { status: Some(_), .. }) => {
            out.push_str("ProxyState-Run=None;FEAuth=BEVersion-1942063232;");
            stamp(out, "BeginGetResponse=", row.millis.saturating_sub(1));
            stamp(out, "OnResponseReady=", row.millis.min(1));
            stamp(out, "EndGetResponse=", row.millis.min(1));
            out.push_str("ProxyState-Complete=ProxyResponseData;SharedCacheGuard=0;");
        }
    }
    stamp(out, "EndRequest=", 0);
}
