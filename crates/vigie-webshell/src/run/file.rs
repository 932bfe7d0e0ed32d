//! Files: which are read and written, and how much of their path and content a client chooses.

use std::rc::Rc;

use super::Run;
use crate::evidence::Class;
use crate::tree::{Expr, Name};
use crate::value::{CLIENT, GIVEN, POSTED_NAME, ROOT, Taint, UNKNOWN, Value};

/// Extensions that a server runs.
const RUNS: &[&str] = &[
    ".aspx",
    ".ashx",
    ".asmx",
    ".asp",
    ".asa",
    ".cer",
    ".cdx",
    ".ascx",
    ".asax",
    ".svc",
    ".cshtml",
    ".vbhtml",
    ".soap",
    ".php",
    ".jsp",
    ".htr",
    "web.config",
    ".dll",
    ".exe",
    ".bat",
    ".vbs",
    ".ps1",
];
/// Extensions and types that upload checks name.
const CHECKED: &[&str] = &[
    "jpg", "jpeg", "png", "gif", "bmp", "pdf", "doc", "docx", "xls", "xlsx", "csv", "txt", "zip", "swf",
    "mp3", "mp4", "xml", "ico", "svg", "rar", "html", "ppt",
];

/// How a client chooses a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// From its first character, anywhere on the server.
    Anywhere,
    /// From the web root on.
    InRoot,
    /// The name under which it posts a file, in a folder where the server runs pages.
    NameInRoot,
    /// Otherwise.
    Bounded,
}

impl Run {
    /// A text that an upload check compares with.
    pub(super) fn sees_extension(&mut self, value: &Value) {
        if self.facts.checks_upload {
            return;
        }
        if let Some(text) = value.as_str().filter(|text| text.len() <= 60) {
            let lower = text.to_ascii_lowercase();
            let bare = lower.trim_start_matches(['.', '*']);
            if CHECKED.contains(&bare) || lower.starts_with("image/") {
                self.facts.checks_upload = true;
            }
        }
    }

    pub(super) fn map_path(&mut self, args: &[Value]) -> Value {
        let Some(first) = args.first() else { return super::source::root() };
        let shape = [&ROOT.to_string(), &*first.shape()].concat();
        Value { shape: Some(Rc::from(shape)), ..Value::from_parts([first]) }
    }

    pub(super) fn file_sink(
        &mut self,
        base: &Value,
        key: &str,
        args: &[Value],
        whole: &Expr,
    ) -> Option<Value> {
        let line = whole.line;
        let first = args.first();
        match key {
            "mappath" => return Some(self.map_path(args)),
            "combine" if base.is("path") => {
                let slash = Value::text("\\");
                let mut out = args.first().cloned().unwrap_or_default();
                for arg in args.iter().skip(1) {
                    out = out.concat(&slash).concat(arg);
                }
                return Some(out);
            }
            "getfilename" | "getfilenamewithoutextension" | "getbasename" => {
                let first = first?;
                if first.has(Taint(GIVEN.0 | Taint::NAME.0)) {
                    return Some(Value {
                        shape: Some(Rc::from(POSTED_NAME.to_string())),
                        ..Value::from_parts([first])
                    });
                }
                return Some(Value { con: None, ..first.clone() });
            }
            "getextension" | "getextensionname" => {
                self.facts.checks_upload = true;
                return Some(Value {
                    shape: Some(Rc::from(UNKNOWN.to_string())),
                    ..Value::from_parts(args.iter())
                });
            }
            "getfullpath" => return first.cloned(),
            "getdirectoryname" | "getparentfoldername" => return Some(Value { con: None, ..first?.clone() }),
            "gettempfilename" | "gettempname" | "newguid" | "getrandomfilename" => {
                return Some(Value::default());
            }
            "getlogicaldrives" | "getdrives" => {
                self.facts.file_ops.entry("drives").or_insert(line);
                return Some(Value::default());
            }
            _ => {}
        }
        self.write_sink(base, key, args, whole).or_else(|| self.manage_sink(base, key, args, whole))
    }

    pub(super) fn write_sink(
        &mut self,
        base: &Value,
        key: &str,
        args: &[Value],
        whole: &Expr,
    ) -> Option<Value> {
        let line = whole.line;
        let first = args.first();
        match key {
            "writealltext" | "writeallbytes" | "appendalltext" | "writealllines" | "appendalllines"
            | "writealltextasync" | "writeallbytesasync" => {
                let content = args.get(1).cloned().unwrap_or_default();
                self.saves(first, &content, line);
                Some(Value::default())
            }
            "saveas" | "saveasasync" if base.has(GIVEN) || base.is_any(&["postedfile", "control:file"]) => {
                let content = Value { taint: Taint::BODY, origins: base.origins.clone(), ..Value::default() };
                self.saves(first, &content, line);
                Some(Value::default())
            }
            "savetofile" | "saveas" | "save" | "savetodisk" | "movefile"
                if base.taint.has(GIVEN) && !args.is_empty() =>
            {
                self.saves(first, &base.clone(), line);
                Some(Value::default())
            }
            "create" | "openwrite" | "createtext" | "appendtext" | "open"
                if base.is_any(&["file", "fileinfo"]) =>
            {
                let path = first.cloned().or_else(|| self.get_field(base, "\u{0}path")).unwrap_or_default();
                Some(self.opened("filestream", &path, whole))
            }
            "createtextfile" | "opentextfile" | "openastextstream"
                if base.is_any(&["scripting.filesystemobject", "comobject"])
                    || key != "opentextfile"
                    || !args.is_empty() =>
            {
                let path = first.cloned().or_else(|| self.get_field(base, "\u{0}path")).unwrap_or_default();
                // Mode 1, the default, reads.
                let reads =
                    key != "createtextfile" && args.get(1).is_none_or(|mode| mode.as_number() == Some(1.0));
                if reads {
                    self.file_op("read", &path, line);
                }
                Some(self.opened("textstream", &path, whole))
            }
            "write" | "writeline" | "writebytes" | "writeasync" | "writelineasync" | "writetext"
            | "writeblanklines" => {
                let path = self.path_held(base)?;
                let content = Value::from_parts(args.iter());
                let content = match first {
                    Some(first) if args.len() == 1 => first.clone(),
                    Some(_) | None => content,
                };
                self.saves(Some(&path), &content, line);
                Some(Value::default())
            }
            "downloadfile" | "downloadfiletaskasync" => {
                let content = Value {
                    taint: first.map(|first| first.taint).unwrap_or_default().with(Taint::REMOTE),
                    origins: first.and_then(|first| first.origins.clone()),
                    ..Value::default()
                };
                self.saves(args.get(1), &content, line);
                Some(Value::default())
            }
            _ => None,
        }
    }

    /// What is copied from a stream to a file.
    pub(super) fn copied_into(&mut self, target: &Value, content: &Value, line: u32) {
        if let Some(path) = self.path_held(target) {
            self.saves(Some(&path), content, line);
        }
    }

    /// The path of the file that a writer or stream writes to.
    pub(super) fn path_held(&self, value: &Value) -> Option<Value> {
        let mut path = self.get_field(value, "\u{0}path")?;
        for _ in 0..4 {
            match self.get_field(&path, "\u{0}path") {
                Some(inner) => path = inner,
                None => break,
            }
        }
        Some(path)
    }

    pub(super) fn opened(&mut self, ty: &str, path: &Value, whole: &Expr) -> Value {
        let ty: Name = Rc::from(ty);
        let at = self.allocate(whole, Some(ty.clone()), whole.line);
        self.set_field(at, &Rc::from("\u{0}path"), path.clone());
        Value { obj: Some(at), ty: Some(ty), ..Value::default() }
    }

    /// A new reader or writer; what it holds is the file's, unless it wraps a stream.
    pub(super) fn opens(&mut self, ty: &str, args: &[Value], out: &mut Value, line: u32) {
        let Some(first) = args.first() else { return };
        let wraps = first.is_any(&[
            "stream",
            "networkstream",
            "memorystream",
            "filestream",
            "postedfile",
            "textstream",
        ]) || first.obj.is_some();
        match ty {
            "directoryinfo" | "fileinfo" => {}
            "streamreader" | "binaryreader" | "xmltextreader" => {
                if !wraps {
                    self.file_op("read", first, line);
                    out.taint = Taint::FILE;
                    out.origins = None;
                }
            }
            _ => {
                if !wraps {
                    out.taint = Taint::default();
                }
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each construct or call that it tells apart")]
    pub(super) fn manage_sink(
        &mut self,
        base: &Value,
        key: &str,
        args: &[Value],
        whole: &Expr,
    ) -> Option<Value> {
        let line = whole.line;
        let is_fs = base.is_any(&[
            "file",
            "directory",
            "fileinfo",
            "directoryinfo",
            "scripting.filesystemobject",
            "comobject",
            "filesystem",
            "driveinfo",
            "fileio",
        ]);
        let path = args.first().cloned().or_else(|| base.has(Taint::CLIENT).then(|| base.clone()))?;
        let op = match key {
            "getfiles"
            | "getdirectories"
            | "getfilesystementries"
            | "getfolder"
            | "enumeratefiles"
            | "enumeratedirectories"
            | "getfilesysteminfos" => "list",
            "readalltext" | "readallbytes" | "readalllines" | "openread" | "opentext" | "getfile"
            | "loadfromfile" => "read",
            "writefile" | "transmitfile" if base.is("response") => "read",
            "delete" | "deletefile" | "deletefolder" | "kill" | "rmdir" => "delete",
            "move" | "copy" | "movefile" | "copyfile" | "moveto" | "copyto" | "movefolder" | "copyfolder"
            | "replace" => "move",
            "createdirectory" | "createfolder" | "createsubdirectory" | "mkdir" => "folder",
            "setlastwritetime"
            | "setcreationtime"
            | "setlastaccesstime"
            | "setattributes"
            | "setlastwritetimeutc" => "times",
            "exists" | "fileexists" | "folderexists" if is_fs => {
                self.probes(&path, line);
                return Some(Value::default());
            }
            _ => return None,
        };
        if !is_fs
            && !base.is("response")
            && !matches!(
                key,
                "readalltext"
                    | "readallbytes"
                    | "getlogicaldrives"
                    | "transmitfile"
                    | "loadfromfile"
                    | "deletefile"
                    | "getfolder"
            )
        {
            return None;
        }
        // The base of an info object is its path.
        let path = if base.is_any(&["fileinfo", "directoryinfo"]) {
            self.get_field(base, "\u{0}path").unwrap_or_else(|| base.clone())
        } else {
            path
        };
        self.file_op(op, &path, line);
        match op {
            "read" => Some(Value {
                taint: Taint::FILE,
                ty: Some(Rc::from("filedata")),
                obj: None,
                ..Value::default()
            }),
            "list" => Some(Value {
                taint: path.taint,
                origins: path.origins.clone(),
                shape: path.shape.clone(),
                ..Value::default()
            }),
            _ => Some(Value::default()),
        }
    }

    pub(super) fn file_op(&mut self, op: &'static str, path: &Value, line: u32) {
        if path.has(Taint::CLIENT) && self.choice(path) == Choice::Anywhere {
            self.facts.file_ops.entry(op).or_insert(line);
        }
    }

    /// Looking for programs by their place: what no page needs to know.
    pub(super) fn probes(&mut self, path: &Value, line: u32) {
        if let Some(text) = path.as_text().map(|text| text.to_ascii_lowercase()) {
            let system = [
                "\\program files",
                "\\programdata\\",
                "\\windows\\system32\\drivers",
                "\\windows\\sysnative",
            ]
            .iter()
            .any(|place| text.contains(place));
            if system && matches!(crate::page::extension(&text).as_str(), "exe" | "sys" | "dll") {
                self.facts.defense_probes.push(line);
            }
        }
    }

    fn choice(&self, path: &Value) -> Choice {
        let shape = path.shape();
        let shape = shape.trim_start_matches(['"', ' ']);
        if shape.starts_with(CLIENT) {
            return Choice::Anywhere;
        }
        let Some(inner) = shape.strip_prefix(ROOT) else { return Choice::Bounded };
        let inner = inner.trim_start_matches(['.', '/', '\\', '~', ROOT]);
        if inner.starts_with(CLIENT) {
            return if inner.contains(POSTED_NAME) { Choice::Bounded } else { Choice::InRoot };
        }
        if inner.starts_with(POSTED_NAME) { Choice::NameInRoot } else { Choice::Bounded }
    }

    /// Content goes to a path.
    pub(super) fn saves(&mut self, path: Option<&Value>, content: &Value, line: u32) {
        let Some(path) = path else { return };
        if let Some(text) = content
            .as_text()
            .filter(|text| text.contains("<%") || text.to_ascii_lowercase().contains("runat"))
        {
            self.drops(&text, path, line);
        }
        if !content.has(GIVEN) {
            self.fetches(path, content, line);
            return;
        }
        self.facts.file_ops.entry("write").or_insert(line);
        let shape = path.shape();
        let lower = shape.to_ascii_lowercase();
        let page = RUNS.iter().any(|ext| lower.ends_with(ext));
        // A client that gives neither place nor name cannot run what it writes, unless the name is a page's.
        match self.choice(path) {
            Choice::Anywhere | Choice::InRoot if path.has(Taint::CLIENT) => {
                // A constant ending bounds what the file can be.
                let bounded = lower.rsplit('.').next().is_some_and(|ext| CHECKED.contains(&ext));
                if !bounded {
                    let by = Value {
                        origins: content.origins.clone().or(path.origins.clone()),
                        ..Value::default()
                    };
                    self.found(Class::WritesFile, line, &by, None);
                }
            }
            _ if page && content.has(GIVEN) => {
                self.found(Class::WritesPage, line, content, path.as_text().as_deref());
            }
            Choice::NameInRoot => self.facts.uploads.push((line, String::new())),
            Choice::Anywhere | Choice::InRoot | Choice::Bounded => {}
        }
        self.keeps_password(content, path, line);
    }

    /// What is fetched from elsewhere goes where the client says.
    pub(super) fn fetches(&mut self, path: &Value, content: &Value, line: u32) {
        let free = matches!(self.choice(path), Choice::Anywhere | Choice::InRoot) && path.has(Taint::CLIENT);
        if free && content.has(Taint::REMOTE) {
            let by = Value { origins: path.origins.clone(), ..Value::default() };
            self.found(Class::WritesFile, line, &by, None);
        }
    }

    pub(super) fn keeps_password(&mut self, content: &Value, path: &Value, line: u32) {
        let named = content.origins.as_ref().and_then(|all| {
            all.iter().find(|origin| {
                let name = origin.name.to_lowercase();
                ["password", "passwd", "pwd", "passwort", "kennwort"]
                    .iter()
                    .any(|word| name == *word || name.ends_with(word))
            })
        });
        if let Some(origin) = named.cloned() {
            let _ = path;
            self.findings.add(Class::KeepsPasswords, line, Some(origin.name), None);
        }
    }

    /// A page that is written: what would it do?
    pub(super) fn drops(&mut self, text: &str, path: &Value, line: u32) {
        if self.layers >= 2 || self.findings.has(Class::DropsShell) {
            return;
        }
        let name = path.as_text().map(|name| name.to_string()).unwrap_or_default();
        let name = if crate::page::extension(&name).is_empty() { "dropped.aspx".to_owned() } else { name };
        if crate::is_shell(text, &name, self.layers + 1)
            || (crate::page::extension(&name) != "asp"
                && crate::is_shell(text, "dropped.asp", self.layers + 1))
        {
            self.findings.add(Class::DropsShell, line, None, Some(&name));
        }
    }
}
