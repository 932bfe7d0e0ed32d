//! The EWS log of the back end: 92 columns, most of them empty in quiet times.

use std::fmt::Write as _;

use vigie_model::Time;

use super::{BOM, Build, comments, push_cell};
use crate::clock::push_iso;
use crate::ident::Guid;

/// The columns.
pub const FIELDS: &str = "DateTime,RequestId,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,Ring,\
ClientRequestId,AuthenticationType,IsAuthenticated,AuthenticatedUser,Organization,UserAgent,VersionInfo,\
ClientIpAddress,ServerHostName,FrontEndServer,SoapAction,HttpStatus,RequestSize,ResponseSize,ErrorCode,\
ImpersonatedUser,ProxyAsUser,ActAsUser,Cookie,CorrelationGuid,PrimaryOrProxyServer,TaskType,RemoteBackendCount,\
LocalMailboxCount,RemoteMailboxCount,LocalIdCount,RemoteIdCount,BeginBudgetConnections,EndBudgetConnections,\
BeginBudgetHangingConnections,EndBudgetHangingConnections,BeginBudgetAD,EndBudgetAD,BeginBudgetCAS,EndBudgetCAS,\
BeginBudgetRPC,EndBudgetRPC,BeginBudgetFindCount,EndBudgetFindCount,BeginBudgetSubscriptions,\
EndBudgetSubscriptions,MDBResource,MDBHealth,MDBHistoricalLoad,ThrottlingPolicy,ThrottlingDelay,\
ThrottlingRequestType,TotalDCRequestCount,TotalDCRequestLatency,TotalMBXRequestCount,TotalMBXRequestLatency,\
RecipientLookupLatency,ExchangePrincipalLatency,HttpPipelineLatency,CheckAccessCoreLatency,AuthModuleLatency,\
CallContextInitLatency,PreExecutionLatency,CoreExecutionLatency,TotalRequestTime,DetailedExchangePrincipalLatency,\
ClientStatistics,GenericInfo,AuthenticationErrors,GenericErrors,Puid,StartTime,ProcessId,TimeInGC,StartTotalMemory,\
EndTotalMemory,StartGCCounts,EndGCCounts,TokenBasedThrottlingPolicy,BudgetKey,CoinsCharged,CoinsChargedMethod,\
SidBudgetInfo,AppBudgetInfo,TenantBudgetInfo,ResourceAccessed,ResourceHealthBasedThreshold,ThrottledBy,BackoffHint,\
WorkClassification";

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// When it ended.
    pub time: Time,
    /// The id that HttpProxy gave.
    pub id: Guid,
    /// The build that writes.
    pub build: Build,
    /// `user@domain`.
    pub user: &'a str,
    /// The organisation's domain.
    pub organization: &'a str,
    /// Its commas become blanks.
    pub agent: &'a str,
    /// The client's address.
    pub client: &'a str,
    /// The server's short name.
    pub server: &'a str,
    /// `GetFolder`.
    pub action: &'a str,
    /// The status.
    pub status: u16,
    /// The mailbox acted on.
    pub act_as: &'a str,
    /// Milliseconds.
    pub millis: u32,
}

/// The head of a file.
pub fn header(out: &mut String, build: Build, first: Time) {
    out.push_str(BOM);
    out.push_str(&comments(&build.padded(), "EWS Logs", first, FIELDS));
}

/// Appends a row.
pub fn row(out: &mut String, row: &Row<'_>) {
    let start = out.len();
    push_iso(out, row.time);
    let Build { major, minor, build, revision } = row.build;
    // Writing into a string cannot fail.
    let _ = write!(out, ",{},{major},{minor},{build},{revision},Unknown,,Logon,true,", row.id);
    let agent = row.agent.replace(',', " ");
    for cell in [row.user, row.organization, &agent, "Target=None;Req=Exchange2010_SP1/Exchange2010_SP1;"] {
        push_cell(out, cell);
        out.push(',');
    }
    let _ = write!(out, "{},{},,{},{},666,,,,,", row.client, row.server, row.action, row.status);
    push_cell(out, row.act_as);
    let _ = write!(out, ",,{},PrimaryServer,LocalTask,0,1,0,1,0,,,,,,,,,,,,,,,,,,,,[C],0,0,1,0,", row.id);
    let core = row.millis.saturating_sub(2);
    let _ = write!(out, "{core},,1,{core},,0,{core},1,{},,,SKU=Unknown;RequestHandler=Wcf;", row.millis);
    // None of the cells above holds a comma, so commas tell how many columns are written.
    let commas = |text: &str| text.bytes().filter(|byte| *byte == b',').count();
    let missing = commas(FIELDS).saturating_sub(commas(out.get(start..).unwrap_or_default()));
    out.extend(std::iter::repeat_n(',', missing));
    out.push_str("\r\n");
}
