//! What a path says of a file of a web directory: whether it is one, and at which address IIS serves it.

/// Folders whose files IIS serves or compiles, lower case, between backslashes. The longer ones come first: the
/// address begins behind the one that fits.
static FOLDERS: &[Folder] = &[
    Folder { name: r"\inetpub\wwwroot\", base: Some("/") },
    Folder { name: r"\frontend\httpproxy\", base: Some("/") },
    // Back-end sites listen on port 444 only; what lies here has no address of its own on the front end.
    Folder { name: r"\clientaccess\", base: None },
    Folder { name: r"\temporary asp.net files\", base: None },
    // Copies that keep only the end of the path.
    Folder { name: r"\wwwroot\", base: Some("/") },
    Folder { name: r"\aspnet_client\", base: Some("/aspnet_client/") },
    Folder { name: r"\owa\auth\", base: Some("/owa/auth/") },
    Folder { name: r"\ecp\auth\", base: Some("/ecp/auth/") },
];

struct Folder {
    name: &'static str,
    /// The address that the folder stands for, where it is served.
    base: Option<&'static str>,
}

/// What a path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebPath {
    /// Its last part.
    pub(crate) name: String,
    /// What stands before the last part.
    pub(crate) directory: String,
    /// `.aspx`, lower case; empty without one.
    pub(crate) extension: String,
    /// Whether it lies in a web directory.
    pub(crate) is_web: bool,
    /// The path part of its address, where IIS serves it.
    pub(crate) url: Option<String>,
}

/// What ends the name of a file that IIS runs or obeys, wherever it lies in a web directory.
const PAGES: [&str; 15] = [
    ".asax", ".ascx", ".ashx", ".asmx", ".asp", ".aspx", ".asa", ".cer", ".config", ".cshtml", ".master",
    ".rem", ".soap", ".svc", ".vbhtml",
];

impl WebPath {
    /// Whether IIS would run or obey it.
    pub(crate) fn is_page(&self) -> bool {
        self.is_web && PAGES.contains(&self.extension.as_str())
    }
}

/// Reads a path with either slash, of any drive or of none.
pub(crate) fn read(path: &str) -> WebPath {
    let cut = path.rfind(['\\', '/']);
    let name = cut.and_then(|cut| path.get(cut.saturating_add(1)..)).unwrap_or(path);
    let directory = cut.and_then(|cut| path.get(..cut)).unwrap_or_default();
    let extension = match name.rsplit_once('.') {
        Some((_, extension)) if !extension.is_empty() => format!(".{}", extension.to_ascii_lowercase()),
        _ => String::new(),
    };
    // ASCII case only, so that offsets are those of the path itself.
    let rooted = format!(r"\{}", path.replace('/', r"\"));
    let lower = rooted.to_ascii_lowercase();
    let found = FOLDERS.iter().find_map(|folder| Some((folder, lower.find(folder.name)?)));
    let url = found.and_then(|(folder, at)| {
        let rest = rooted.get(at.checked_add(folder.name.len())?..)?;
        Some(format!("{}{}", folder.base?, rest.replace('\\', "/")))
    });
    WebPath {
        name: name.to_owned(),
        directory: directory.to_owned(),
        extension,
        is_web: found.is_some(),
        url,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn addresses() {
        for (path, url) in [
            (r"C:\inetpub\wwwroot\aspnet_client\x.aspx", Some("/aspnet_client/x.aspx")),
            (r"D:\InetPub\wwwroot\iisstart.htm", Some("/iisstart.htm")),
            (r"E:\Exchange\V15\FrontEnd\HttpProxy\owa\auth\Current\x.aspx", Some("/owa/auth/Current/x.aspx")),
            (
                "hotel.zip!/C/inetpub/wwwroot/aspnet_client/system_web/log.aspx",
                Some("/aspnet_client/system_web/log.aspx"),
            ),
            ("FrontEnd/HttpProxy/ecp/auth/TimeoutLogout.aspx", Some("/ecp/auth/TimeoutLogout.aspx")),
            ("case7/aspnet_client/shell.aspx", Some("/aspnet_client/shell.aspx")),
            (r"C:\Program Files\Microsoft\Exchange Server\V15\ClientAccess\ecp\default.aspx", None),
            (
                r"C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\root\a\b\App_Web_x.dll",
                None,
            ),
        ] {
            let read = read(path);
            assert!(read.is_web, "{path}");
            assert_eq!(read.url.as_deref(), url, "{path}");
        }
    }

    #[test]
    fn what_is_no_web_directory() {
        for path in [
            r"C:\inetpub\logs\LogFiles\W3SVC1\u_ex210303.log",
            r"C:\V15\Logging\HttpProxy\Ecp\x.log",
            "wwwroot",
            "",
        ] {
            assert!(!read(path).is_web, "{path}");
        }
    }

    #[test]
    fn names_and_extensions() {
        let read = read(r"C:\inetpub\wwwroot\A.B.ASPX");
        assert_eq!(
            (read.name.as_str(), read.directory.as_str(), read.extension.as_str()),
            ("A.B.ASPX", r"C:\inetpub\wwwroot", ".aspx")
        );
        assert_eq!(super::read("x.").extension, "");
        assert_eq!(super::read("plain").extension, "");
    }
}
