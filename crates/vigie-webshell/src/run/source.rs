//! Where a client's data enters: the request, posted files, controls, parameters of web methods.

use std::rc::Rc;

use super::Run;
use crate::tree::Name;
use crate::value::{Origin, Taint, Value};

/// What a client sends in the request.
pub(super) fn request_data() -> Value {
    Value::tainted(Taint::CLIENT, "requestdata")
}

/// A file that a client posts.
pub(super) fn posted_file() -> Value {
    Value::tainted(Taint::BODY, "postedfile")
}

/// Types that are the request, a control or a posted file by themselves.
pub(super) fn typed(ty: &str) -> Option<Value> {
    Some(match ty {
        "httprequest"
        | "httprequestbase"
        | "httprequestmessage"
        | "httplistenerrequest"
        | "httprequestwrapper" => Value::typed("httprequest"),
        "httpcontext" | "httpcontextbase" | "httplistenercontext" => Value::typed("httpcontext"),
        "httppostedfile" | "httppostedfilebase" | "iformfile" => posted_file(),
        "httpfilecollection" | "iformfilecollection" => Value::typed("files"),
        "textbox" | "hiddenfield" | "htmlinputtext" | "htmlinputhidden" | "htmltextarea" | "dropdownlist"
        | "htmlinputpassword" => control(ty),
        "fileupload" | "htmlinputfile" => control(ty),
        "socket" | "tcpclient" | "networkstream" => Value::typed(ty),
        "process" | "processstartinfo" => return None,
        _ => return None,
    })
}

/// A control by its tag or type.
pub(super) fn control(kind: &str) -> Value {
    match kind {
        "textbox" | "hiddenfield" | "dropdownlist" | "listbox" | "radiobuttonlist" | "checkboxlist"
        | "input:text" | "input:hidden" | "input:password" | "textarea" | "select" | "htmlinputtext"
        | "htmlinputhidden" | "htmltextarea" | "htmlinputpassword" | "combobox" | "radtextbox"
        | "htmleditor" => Value::typed("control:input"),
        "fileupload" | "input:file" | "htmlinputfile" => Value::typed("control:file"),
        _ if kind.starts_with("clsid:") || kind.contains('.') => Value::typed(com_type(kind)),
        _ => Value::typed("control"),
    }
}

/// Class ids that stand for a program id.
const CLASS_IDS: &[(&str, &str)] = &[
    ("72c24dd5-d70a-438b-8a42-98424b88afb8", "wscript.shell"),
    ("f935dc22-1cf0-11d0-adb9-00c04fd58a0b", "wscript.shell"),
    ("13709620-c279-11ce-a49e-444553540000", "shell.application"),
    ("093ff999-1ea0-4079-9525-9614c3504b74", "wscript.network"),
    ("0d43fe01-f093-11cf-8940-00a0c9054228", "scripting.filesystemobject"),
    ("00000566-0000-0010-8000-00aa006d2ea4", "adodb.stream"),
    ("0e59f1d5-1fbe-11d0-8ff2-00a0d10038bc", "scriptcontrol"),
    ("00000514-0000-0010-8000-00aa006d2ea4", "adodb.connection"),
];

/// The program id of a class id, or the id itself without its version.
pub(super) fn com_type(id: &str) -> &str {
    for (class, name) in CLASS_IDS {
        if id.contains(class) {
            return name;
        }
    }
    let bare = id.trim_start_matches("new:");
    let version = bare.rfind('.').filter(|at| {
        bare.get(at + 1..)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let bare = version.and_then(|at| bare.get(..at)).unwrap_or(bare);
    match bare {
        "msscriptcontrol.scriptcontrol" => "scriptcontrol",
        "shell.users" => bare,
        _ => bare,
    }
}

/// Variables of the server that a client does not choose.
const SERVER_CHOSEN: &[&str] = &[
    "script_name",
    "path_translated",
    "appl_physical_path",
    "appl_md_path",
    "server_name",
    "server_port",
    "server_software",
    "local_addr",
    "remote_addr",
    "remote_host",
    "request_method",
    "https",
    "instance_id",
    "gateway_interface",
    "server_protocol",
    "path_info",
    "url",
    "content_length",
    "server_port_secure",
    "logon_user",
    "auth_user",
    "remote_user",
    "auth_type",
    "number_of_processors",
    "os",
    "http_host",
];

impl Run {
    /// A member of the request.
    pub(super) fn request_member(&mut self, name: &str, line: u32) -> Value {
        match name {
            "form" | "querystring" | "params" | "headers" | "cookies" | "item" | "body" | "query"
            | "content" | "unvalidated" | "rawurl" | "useragent" | "urlreferrer" | "userlanguages"
            | "contenttype" | "accepttypes" | "values" | "routevalues" | "properties" => request_data(),
            "inputstream"
            | "binaryread"
            | "getbufferedinputstream"
            | "getbufferlessinputstream"
            | "filter"
            | "bodyreader" => Value::tainted(Taint::CLIENT, "stream"),
            "servervariables" => Value::typed("servervariables"),
            "files" => Value::typed("files"),
            "url"
            | "pathinfo"
            | "path"
            | "filepath"
            | "currentexecutionfilepath"
            | "requesturi"
            | "apprelativecurrentexecutionfilepath" => Value::tainted(Taint::URL, "url"),
            "mappath" => Value { call: None, ty: Some(Rc::from("mappath")), ..Value::default() },
            "physicalapplicationpath" | "physicalpath" | "applicationpath" => root(),
            "contentlength" | "totalbytes" | "httpmethod" | "islocal" | "isauthenticated" | "browser"
            | "userhostaddress" | "requesttype" | "contentencoding" | "logonuseridentity"
            | "issecureconnection" | "userhostname" => Value::default(),
            _ => {
                let _ = line;
                request_data()
            }
        }
    }

    /// Reading by a key: `Request["x"]`, `Request.Form("x")`, `Session("x")`.
    pub(super) fn keyed(&mut self, base: &Value, key: Option<&Value>, line: u32) -> Option<Value> {
        let ty = base.ty.as_deref()?;
        match ty {
            "httprequest" | "requestdata" => {
                let mut out = request_data();
                let name = key.and_then(Value::as_text).unwrap_or_else(|| Rc::from(""));
                if !name.is_empty() && name.len() < 100 {
                    self.facts.inputs.insert(name.to_string());
                }
                let mut origins = base.origins.as_ref().map(|all| all.as_ref().clone()).unwrap_or_default();
                if !name.is_empty() || origins.is_empty() {
                    origins.insert(0, Origin { name, line });
                }
                out.origins = Some(Rc::new(origins));
                Some(out)
            }
            "servervariables" => {
                let name = key.and_then(Value::as_text).map(|name| name.to_ascii_lowercase());
                match name.as_deref() {
                    Some("path_translated" | "appl_physical_path") => Some(root()),
                    Some(known) if SERVER_CHOSEN.contains(&known) => Some(Value::default()),
                    Some(_) | None => {
                        let mut out = request_data();
                        out.origins =
                            Some(Rc::new(vec![Origin { name: Rc::from(name.unwrap_or_default()), line }]));
                        Some(out)
                    }
                }
            }
            "files" => {
                let mut out = posted_file();
                out.origins = Some(Rc::new(vec![Origin {
                    name: key.and_then(Value::as_str).map_or_else(|| Rc::from(""), Rc::from),
                    line,
                }]));
                Some(out)
            }
            "store" => Some(self.stored(key)),
            _ => None,
        }
    }

    pub(super) fn stored(&self, key: Option<&Value>) -> Value {
        let name = store_name(key);
        self.globals.get(&name).or_else(|| self.globals.get(&store_name(None))).cloned().unwrap_or_default()
    }

    /// Writing by a key to what outlives the request.
    pub(super) fn store(&mut self, key: Option<&Value>, value: &Value) {
        let name = store_name(key);
        let joined = self.globals.get(&name).map_or_else(|| value.clone(), |old| value.join(old));
        self.globals.insert(name.clone(), joined);
        if key.and_then(Value::as_text).is_none() {
            self.globals.insert(store_name(None), value.clone());
        }
    }

    /// A member of a posted file or of a control, when it is one.
    pub(super) fn given_member(&mut self, base: &Value, name: &str, line: u32) -> Option<Value> {
        let origins = base.origins.clone();
        let with =
            |taint: Taint, ty: &str| Some(Value { origins: origins.clone(), ..Value::tainted(taint, ty) });
        match (base.ty.as_deref()?, name) {
            ("postedfile", "filename" | "name") | ("control:file", "filename" | "value") => {
                with(Taint::NAME, "postedname")
            }
            ("postedfile", "contentlength" | "contenttype" | "length") => Some(Value::default()),
            ("postedfile", "inputstream" | "openreadstream")
            | ("control:file", "filecontent" | "filebytes") => with(Taint::BODY, "stream"),
            ("control:file", "postedfile" | "postedfiles") => with(Taint::BODY, "postedfile"),
            ("control:file", "hasfile" | "hasfiles") => Some(Value::default()),
            ("control:input", "text" | "value" | "selectedvalue" | "innertext" | "selecteditem") => {
                let mut out = with(Taint::CLIENT, "requestdata")?;
                let _ = line;
                if out.origins.is_none() {
                    out.origins = Some(Rc::new(vec![Origin { name: Rc::from(""), line }]));
                }
                Some(out)
            }
            _ => None,
        }
    }
}

/// The folder of the application.
pub(super) fn root() -> Value {
    Value { shape: Some(Rc::from(crate::value::ROOT.to_string())), ..Value::default() }
}

fn store_name(key: Option<&Value>) -> Name {
    match key.and_then(Value::as_text) {
        Some(key) => Rc::from(format!("\u{0}store:{}", key.to_lowercase())),
        None => Rc::from("\u{0}store:*"),
    }
}
