//! Where a client's data would be executed: code, assemblies, formatters, style sheets, SQL, sockets, keys.

use std::rc::Rc;

use super::{Run, source};
use crate::evidence::Class;
use crate::page::PageKind;
use crate::tree::{Expr, Func, Lang, Name};
use crate::value::{CLIENT, Con, GIVEN, Taint, Value};

/// Types of connections to databases.
const CONNECTIONS: &[&str] = &[
    "sqlconnection",
    "oledbconnection",
    "odbcconnection",
    "oracleconnection",
    "mysqlconnection",
    "npgsqlconnection",
    "sqliteconnection",
    "adodb.connection",
    "dbconnection",
    "idbconnection",
    "sqlceconnection",
];
/// Types that hold or run a statement.
const COMMANDS: &[&str] = &[
    "sqlcommand",
    "oledbcommand",
    "odbccommand",
    "oraclecommand",
    "mysqlcommand",
    "npgsqlcommand",
    "sqlitecommand",
    "sqldataadapter",
    "oledbdataadapter",
    "odbcdataadapter",
    "oracledataadapter",
    "mysqldataadapter",
    "adodb.recordset",
    "adodb.command",
    "dbcommand",
    "idbcommand",
    "sqldatasource",
];
/// Procedures of a database that run commands.
const SQL_SHELLS: &[&str] = &["xp_cmdshell", "sp_oamethod", "sp_oacreate", "xp_regwrite", "sp_add_job"];
/// Formatters whose input can be code.
const FORMATTERS: &[&str] = &[
    "binaryformatter",
    "losformatter",
    "objectstateformatter",
    "soapformatter",
    "netdatacontractserializer",
    "iformatter",
    "formatter",
];
/// Calls that put code in memory, and calls that run it.
const NATIVE_PLACE: &[&str] = &[
    "virtualalloc",
    "virtualallocex",
    "virtualprotect",
    "heapcreate",
    "ntallocatevirtualmemory",
    "writeprocessmemory",
    "rtlmovememory",
    "mapviewoffile",
];
const NATIVE_RUN: &[&str] = &[
    "createthread",
    "createremotethread",
    "getdelegateforfunctionpointer",
    "queueuserapc",
    "enumsystemlocalesa",
    "enumwindows",
    "callwindowproc",
    "createfiber",
    "ntcreatethreadex",
    "rtlcreateuserthread",
    "createthreadpoolwait",
    "enumchildwindows",
];

impl Run {
    /// A text or object that is run as code.
    pub(super) fn run_code(&mut self, value: &Value, lang: Lang, line: u32) -> Value {
        if value.has(GIVEN) {
            self.found(Class::RunsCode, line, value, None);
            return Value::from_parts([value]);
        }
        if value.has(Taint::REMOTE) {
            self.found(Class::RunsFetched, line, value, None);
            return Value::default();
        }
        if let Some(text) = value.as_text() {
            let before = self.findings.all.len();
            let out = self.run_text(&text, lang, line);
            if value.has(Taint::HIDDEN) && self.findings.all.len() == before && hides_something(&text) {
                self.found(Class::RunsHidden, line, value, None);
            }
            return out;
        }
        if value.has(Taint(Taint::DERIVED.0 | Taint::HIDDEN.0)) {
            self.found(Class::RunsHidden, line, value, None);
        }
        Value::default()
    }

    /// A text with markup that holds code, as a style sheet does.
    pub(super) fn run_markup(&mut self, text: &str, line: u32) {
        let page = crate::page::split(text, "a.aspx");
        for piece in page.pieces {
            self.run_text(&piece.text, piece.lang, line);
        }
    }

    /// Functions of the language that run code.
    pub(super) fn global_sink(&mut self, key: &str, args: &[Value], line: u32) -> Option<Value> {
        let first = args.first();
        match key {
            "eval" | "execute" | "executeglobal" => {
                let value = first?;
                match self.lang {
                    Lang::JScript | Lang::VbScript => Some(self.run_code(value, self.lang, line)),
                    // In pages of .NET it binds data, unless what it gets is the client's.
                    Lang::VbNet if value.has(GIVEN) => Some(self.run_code(value, self.lang, line)),
                    Lang::VbNet | Lang::CSharp => None,
                }
            }
            "function" if self.lang == Lang::JScript => {
                let body = args.last().cloned()?;
                Some(self.run_code(&body, Lang::JScript, line))
            }
            "settimeout" | "setinterval" if self.lang == Lang::JScript && self.kind != PageKind::AspNet => {
                let value = first.cloned()?;
                (value.has(GIVEN)).then(|| self.run_code(&value, Lang::JScript, line))
            }
            "shell" => {
                let value = first.cloned()?;
                self.command(&value, None, line);
                Some(Value::default())
            }
            "callbyname" => {
                let name = args.get(1).and_then(Value::as_text).map(|name| name.to_lowercase())?;
                let object = first.cloned().unwrap_or_default();
                let whole = Expr { kind: crate::tree::Kind::Nothing, line };
                let inner: Vec<Value> = args.get(3..).unwrap_or_default().to_vec();
                Some(self.method(&object, &Rc::from(name), &inner, &whole))
            }
            _ => None,
        }
    }

    /// A method that executes, or touches files, processes and networks.
    pub(super) fn sink(&mut self, base: &Value, key: &str, args: &[Value], whole: &Expr) -> Option<Value> {
        let line = whole.line;
        self.code_sink(base, key, args, line)
            .or_else(|| self.data_sink(base, key, args, line))
            .or_else(|| self.process_sink(base, key, args, line))
            .or_else(|| self.file_sink(base, key, args, whole))
            .or_else(|| self.net_sink(base, key, args, line))
            .or_else(|| self.other_sink(base, key, args, line))
    }

    pub(super) fn code_sink(&mut self, base: &Value, key: &str, args: &[Value], line: u32) -> Option<Value> {
        let first = args.first();
        let given = args.iter().find(|arg| arg.has(GIVEN)).cloned();
        match key {
            "jscriptevaluate" | "jscriptevaluatestatement" => {
                Some(self.run_code(first?, Lang::JScript, line))
            }
            "eval" | "execute" | "executestatement" | "addcode" | "executeglobal" | "evaluate" => {
                let is_script = base.is_any(&[
                    "scriptcontrol",
                    "comobject",
                    "eval",
                    "execute",
                    "vsaengine",
                    "evaluator",
                    "scriptengine",
                    "window",
                ]);
                let by_name = matches!(key, "executestatement" | "addcode")
                    || (key == "eval" && self.lang == Lang::JScript);
                if !(is_script || by_name) || base.is("databinder") {
                    return None;
                }
                let lang = self.control_lang(base);
                Some(self.run_code(first?, lang, line))
            }
            "compileassemblyfromsource"
            | "compileassemblyfromdom"
            | "compileassemblyfromsourcebatch"
            | "parsetext" => {
                if let Some(given) = given {
                    self.found(Class::RunsCode, line, &given, None);
                    return Some(Value::default());
                }
                let source = args.get(1).or(first).cloned()?;
                let text = source.as_text();
                if let Some(text) = text.filter(|text| text.len() > 20) {
                    let lang = if text.contains(';') { Lang::CSharp } else { Lang::VbNet };
                    self.run_text(&text, lang, line);
                } else if source.has(Taint::DERIVED) {
                    self.found(Class::RunsHidden, line, &source, None);
                }
                None
            }
            "evaluateasync" | "runasync" | "runcompile" | "compile" | "create"
                if base.is_any(&["csharpscript", "razor", "vbscriptengine", "engine", "razorengine"]) =>
            {
                let given = given?;
                self.found(Class::RunsCode, line, &given, None);
                Some(Value::default())
            }
            "addscript" | "invokescript" | "createpipeline" | "addcommand" | "addstatement" => {
                let given = given?;
                self.found(Class::RunsCommand, line, &given, Some("PowerShell"));
                Some(Value::default())
            }
            "load" | "loadfrom" | "loadfile" | "unsafeloadfrom" | "loadmodule"
                if base.is_any(&["assembly", "appdomain", "currentdomain", "type"]) =>
            {
                Some(self.load_assembly(args, line))
            }
            "defineDynamicassembly" => None,
            _ => None,
        }
    }

    /// The language of a script control.
    pub(super) fn control_lang(&self, base: &Value) -> Lang {
        if !base.is_any(&["scriptcontrol", "comobject"]) {
            return if base.is_any(&["vsaengine", "evaluator", "scriptengine"]) {
                Lang::JScript
            } else {
                self.lang
            };
        }
        let named = self.get_field(base, "language").and_then(|value| value.as_text());
        match named {
            Some(name) if name.to_lowercase().contains('j') => Lang::JScript,
            Some(_) | None => Lang::VbScript,
        }
    }

    pub(super) fn load_assembly(&mut self, args: &[Value], line: u32) -> Value {
        let out = Value { ty: Some(Rc::from("assembly")), ..Value::default() };
        if let Some(given) = args.iter().find(|arg| arg.has(GIVEN)).cloned() {
            // A name of an assembly in the application's own folder is not its bytes.
            self.found(Class::LoadsAssembly, line, &given, None);
        } else if let Some(fetched) = args.iter().find(|arg| arg.has(Taint::REMOTE)).cloned() {
            self.found(Class::RunsFetched, line, &fetched, None);
        } else if let Some(hidden) =
            args.iter().find(|arg| arg.has(Taint(Taint::HIDDEN.0 | Taint::DERIVED.0))).cloned()
            && hidden.as_str().is_none()
        {
            self.found(Class::RunsHidden, line, &hidden, None);
        }
        out
    }

    pub(super) fn data_sink(&mut self, base: &Value, key: &str, args: &[Value], line: u32) -> Option<Value> {
        let first = args.first();
        let given = args.iter().find(|arg| arg.has(GIVEN)).cloned();
        match key {
            "deserialize" | "unsafedeserialize" | "readobject" if base.is_any(FORMATTERS) => {
                let given = given?;
                if !self.in_view_state(base) {
                    self.found(Class::Deserializes, line, &given, base.ty.as_deref());
                }
                Some(Value::from_parts([&given]))
            }
            "parse" | "load" if base.is_any(&["xamlreader", "xamlservices"]) => {
                let given = given?;
                self.found(Class::Deserializes, line, &given, base.ty.as_deref());
                Some(Value::default())
            }
            "load" if base.is_any(&["xslcompiledtransform", "xsltransform", "xslttransform"]) => {
                self.style_sheet(first?, line);
                Some(Value { ty: base.ty.clone(), obj: base.obj, ..Value::default() })
            }
            "transformnode" | "transformnodetoobject" => {
                self.style_sheet(first?, line);
                Some(Value::default())
            }
            _ => None,
        }
    }

    pub(super) fn style_sheet(&mut self, sheet: &Value, line: u32) {
        if sheet.has(GIVEN) && !sheet.shape().contains(crate::value::ROOT) {
            self.found(Class::RunsStylesheet, line, sheet, None);
        } else if let Some(text) = sheet.as_text().filter(|text| text.contains(":script")) {
            self.run_markup(&text, line);
        } else if let Some(held) = sheet.obj.and_then(|_| self.get_field(sheet, "\u{0}path"))
            && held.has(GIVEN)
            && !held.shape().contains(crate::value::ROOT)
        {
            self.found(Class::RunsStylesheet, line, &held, None);
        }
    }

    /// Pages that keep their view state in a field of the form read it back with the formatter that wrote it.
    pub(super) fn in_view_state(&self, base: &Value) -> bool {
        base.is_any(&["losformatter", "objectstateformatter"])
            && self.funcs.contains_key("loadpagestatefrompersistencemedium")
    }

    pub(super) fn net_sink(&mut self, base: &Value, key: &str, args: &[Value], line: u32) -> Option<Value> {
        let given = args.iter().any(|arg| arg.has(GIVEN));
        let is_socket = base.is_any(&["socket", "tcpclient", "networkstream", "udpclient"]);
        match key {
            "connect" | "connectasync" | "beginconnect" if is_socket => {
                self.facts.socket.get_or_insert(line);
                if given {
                    self.facts.connects.get_or_insert(line);
                }
                Some(Value::default())
            }
            "send" | "write" | "sendto" | "sendasync" | "writeasync" | "beginsend" if is_socket => {
                if given {
                    self.facts.sends.get_or_insert(line);
                }
                Some(Value::default())
            }
            "getstream" if is_socket => Some(Value::typed("networkstream")),
            "receive" | "read" | "readbyte" if is_socket => Some(Value::tainted(Taint::REMOTE, "socketdata")),
            "downloadstring"
            | "downloaddata"
            | "getstringasync"
            | "getbytearrayasync"
            | "downloadstringtaskasync"
            | "openread" => {
                let mut out = Value::from_parts(args.iter());
                out.taint = Taint::REMOTE;
                out.ty = Some(Rc::from("stream"));
                Some(out)
            }
            "getresponse" | "getresponsestream" => Some(Value::tainted(Taint::REMOTE, "stream")),
            _ => None,
        }
    }

    pub(super) fn other_sink(&mut self, base: &Value, key: &str, args: &[Value], line: u32) -> Option<Value> {
        let first = args.first();
        if base.is("response") {
            for arg in args {
                self.shows(arg, line);
            }
            return Some(Value::default());
        }
        match key {
            "execute" | "open" | "executereader" | "executescalar" | "executenonquery"
                if base.is_any(CONNECTIONS) || base.is_any(COMMANDS) =>
            {
                if base.is_any(CONNECTIONS) && key == "open" {
                    self.sql_connection(first, line);
                } else {
                    self.sql_statement(first, line);
                    if base.is("adodb.recordset") {
                        self.sql_connection(
                            args.get(1).filter(|value| value.ty.as_deref() != Some("adodb.connection")),
                            line,
                        );
                    }
                }
                Some(Value::default())
            }
            "getdelegateforfunctionpointer" => {
                self.facts.natives.push((Rc::from(key), line));
                Some(Value::from_parts(args.iter()))
            }
            "registervirtualpathprovider" => {
                self.facts.provider.get_or_insert(line);
                Some(Value::default())
            }
            "getsection" => {
                let named = first
                    .and_then(Value::as_text)
                    .is_some_and(|text| text.to_lowercase().contains("machinekey"));
                named.then(|| Value::typed("machinekeysection"))
            }
            "getapplicationconfig" => {
                Some(Value { ty: Some(Rc::from("machinekeysection")), ..Value::default() })
            }
            _ => None,
        }
    }

    /// What a page shows to the client.
    pub(super) fn shows(&mut self, value: &Value, line: u32) {
        if value.has(Taint::SECRET) {
            self.found(Class::ShowsKeys, line, &Value::default(), None);
        }
    }

    pub(super) fn sql_connection(&mut self, value: Option<&Value>, line: u32) {
        if value.is_some_and(|value| value.has(GIVEN)) {
            self.facts.connection.get_or_insert(line);
        }
    }

    pub(super) fn sql_statement(&mut self, value: Option<&Value>, line: u32) {
        let Some(value) = value.filter(|value| value.has(GIVEN)) else { return };
        let shape = value.shape();
        let lower = shape.to_lowercase();
        if let Some(word) = SQL_SHELLS.iter().find(|word| lower.contains(**word)) {
            self.found(Class::RunsCommand, line, value, Some(word));
        } else if shape.trim_start().starts_with(CLIENT) {
            self.facts.statement.get_or_insert(line);
        }
    }

    /// A property that is set and decides what runs.
    pub(super) fn sets(&mut self, object: &Value, name: &Name, value: &Value, line: u32) {
        match &**name {
            "commandtext" | "selectcommand" | "sql" | "source"
                if object.is_any(COMMANDS) || &**name == "commandtext" =>
            {
                self.sql_statement(Some(value), line);
            }
            "connectionstring" => self.sql_connection(Some(value), line),
            "text" | "innerhtml" | "innertext" | "value" | "content" => self.shows(value, line),
            "filename" | "arguments" if object.is("startinfo") => self.command_part(name, value, line),
            "documentcontent" if object.is("xml") => self.style_sheet(value, line),
            "transformsource" => {}
            _ => {}
        }
    }

    /// A new object whose making does something.
    pub(super) fn new_sink(&mut self, ty: &Name, args: &[Value], line: u32) -> Value {
        let first = args.first();
        let mut out = Value { ty: Some(ty.clone()), ..Value::from_parts(args.iter()) };
        match &**ty {
            ty if CONNECTIONS.contains(&ty) => {
                self.sql_connection(first, line);
                out.taint = Taint::default();
            }
            ty if COMMANDS.contains(&ty) => {
                self.sql_statement(first, line);
                if let Some(second) = args.get(1).filter(|second| {
                    second.as_str().is_some() || second.shape.is_some() || second.is("requestdata")
                }) {
                    self.sql_connection(Some(second), line);
                }
                out.taint = Taint::default();
            }
            "tcpclient" | "socket" | "udpclient" => {
                if args.iter().any(|arg| arg.has(GIVEN)) {
                    self.facts.connects.get_or_insert(line);
                    self.facts.socket.get_or_insert(line);
                } else if !args.is_empty() && &**ty == "tcpclient" {
                    self.facts.socket.get_or_insert(line);
                }
                out.taint = Taint::default();
            }
            "managementobjectsearcher" => {
                if first.is_some_and(|first| first.shape().starts_with(CLIENT)) {
                    let by = first.cloned().unwrap_or_default();
                    self.found(Class::SqlStatement, line, &by, Some("WMI"));
                }
            }
            "command"
                if first.is_some_and(|first| first.has(GIVEN)) && !matches!(self.lang, Lang::VbScript) =>
            {
                let by = first.cloned().unwrap_or_default();
                self.found(Class::RunsCommand, line, &by, Some("PowerShell"));
            }
            "httplistener" => {
                self.findings.add(Class::ServesFromMemory, line, None, Some("HttpListener"));
            }
            ty if super::call::is_opener(ty) => self.opens(ty, args, &mut out, line),
            "process" | "processstartinfo" => {
                out.taint = Taint::default();
            }
            "machinekeysection" => {}
            _ => {
                if let Some(known) = source::typed(ty) {
                    out.ty = known.ty;
                }
                out.con = match (&**ty, first.map(|first| first.con.clone())) {
                    (
                        "memorystream" | "stringreader" | "xmltextreader" | "binaryreader" | "deflatestream"
                        | "gzipstream" | "bufferedstream",
                        Some(con),
                    ) => con,
                    ("list" | "arraylist", Some(con @ Some(Con::List(_)))) => con,
                    _ => None,
                };
                if matches!(&**ty, "deflatestream" | "gzipstream")
                    && let Some(found) =
                        first.and_then(Value::as_bytes).and_then(|bytes| crate::codec::inflate(&bytes))
                {
                    out = Value { taint: Taint::HIDDEN, ty: out.ty, ..Value::bytes(found) };
                }
            }
        }
        out
    }

    /// A function of a DLL is called.
    pub(super) fn native_call(&mut self, func: &Func, args: &[Value], line: u32) {
        let entry = native_name(func);
        let name = entry.trim_end_matches(['a', 'w']);
        if name.starts_with("createprocess")
            || matches!(name, "winexec" | "shellexecute" | "system" | "_popen" | "shellexecuteex")
        {
            if let Some(given) = args.iter().find(|arg| arg.has(GIVEN)).cloned() {
                self.found(Class::RunsCommand, line, &given, Some(&func.name));
            }
            self.facts.shell_started.get_or_insert(line);
        }
        if matches!(entry, "connect" | "wsaconnect" | "wsasocket" | "wsasocketa") {
            self.facts.socket.get_or_insert(line);
            if args.iter().any(|arg| arg.has(GIVEN)) {
                self.facts.connects.get_or_insert(line);
            }
        }
    }

    /// Whether the page both places and runs machine code.
    pub(super) fn native_code(&self) -> Option<u32> {
        let place = self.facts.natives.iter().find(|(name, _)| NATIVE_PLACE.contains(&&**name));
        let run = self.facts.natives.iter().find(|(name, _)| NATIVE_RUN.contains(&&**name));
        match (place, run) {
            (Some(_), Some((_, line))) => Some(*line),
            _ => None,
        }
    }
}

/// The name of a function in its DLL, which a page may call otherwise.
pub(super) fn native_name(func: &Func) -> &str {
    func.dll.as_deref().and_then(|dll| dll.split_once('!')).map_or(&*func.name, |(_, entry)| entry)
}

/// Whether a decoded text is more than a name or a number.
fn hides_something(text: &str) -> bool {
    const LEAST: usize = 12;
    text.trim().len() >= LEAST && text.contains(['(', '=', ' '])
}
