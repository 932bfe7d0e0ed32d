//! Pages that honest people write stay unseen, also where they do what shells do.

use vigie_webshell::{Verdict, analyze};

const PAGES: &[(&str, &str, &str)] = &[
    (
        "upload with a check of the type",
        "upload.aspx",
        r#"<%@ Page Language="C#" %><script runat="server">
void Save(object s, EventArgs e) {
  string ext = System.IO.Path.GetExtension(file.FileName).ToLower();
  if (ext == ".jpg" || ext == ".png") file.SaveAs(Server.MapPath("~/images/" + file.FileName));
}</script><form runat="server"><asp:FileUpload id="file" runat="server"/></form>"#,
    ),
    (
        "upload into a folder of its own",
        "upload.ashx",
        r#"<%@ WebHandler Language="C#" Class="U" %>
using System.Web;
public class U : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    HttpPostedFile file = context.Request.Files["Filedata"];
    string folder = context.Server.MapPath(context.Request["folder"]) + "\\";
    file.SaveAs(folder + file.FileName);
    context.Response.Write("1");
  }
  public bool IsReusable { get { return false; } }
}"#,
    ),
    (
        "download by name",
        "download.ashx",
        r#"<%@ WebHandler Language="C#" Class="D" %>
using System.Web; using System.IO;
public class D : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    string name = Path.GetFileName(context.Request.QueryString["file"]);
    context.Response.TransmitFile(Path.Combine(context.Server.MapPath("~/files"), name));
  }
  public bool IsReusable { get { return true; } }
}"#,
    ),
    (
        "a tool with an argument",
        "thumb.aspx",
        r#"<%@ Page Language="C#" %><% var p = new System.Diagnostics.Process(); p.StartInfo.FileName = @"C:\tools\ffmpeg.exe"; p.StartInfo.Arguments = "-i " + Request["clip"] + " out.png"; p.Start(); %>"#,
    ),
    (
        "dispatch to its own methods",
        "api.ashx",
        r#"<%@ WebHandler Language="C#" Class="A" %>
using System.Web; using System.Reflection;
public class A : IHttpHandler {
  public void ProcessRequest(HttpContext context) {
    MethodInfo m = this.GetType().GetMethod(context.Request["action"]);
    m.Invoke(this, new object[] { context });
  }
  public void List(HttpContext context) { context.Response.Write("[]"); }
  public bool IsReusable { get { return true; } }
}"#,
    ),
    (
        "data binding",
        "list.aspx",
        r#"<%@ Page Language="VB" %><asp:Repeater runat="server" id="r"><ItemTemplate><%# Eval("Name") %> <%# DataBinder.Eval(Container.DataItem, "City") %></ItemTemplate></asp:Repeater>"#,
    ),
    (
        "query with a parameter",
        "q.aspx",
        r#"<%@ Page Language="C#" %><% var c = new System.Data.SqlClient.SqlCommand("select * from t where id = " + Request["id"], conn); c.ExecuteReader(); %>"#,
    ),
    (
        "guest book",
        "book.asp",
        "<%\nDim fs, f\nSet fs = Server.CreateObject(\"Scripting.FileSystemObject\")\nSet f = fs.OpenTextFile(Server.MapPath(\"book.txt\"), 8, True)\nf.WriteLine Request.Form(\"name\") & \": \" & Request.Form(\"text\")\nf.Close\n%>",
    ),
    (
        "generated code",
        "gen.asp",
        "<%\nFor i = 1 To 3\n Execute \"x\" & i & \" = \" & Chr(34) & \"a\" & Chr(34)\nNext\nResponse.Write x1\n%>",
    ),
    (
        "visit counter",
        "count.asp",
        "<%\nSet fs = Server.CreateObject(\"Scripting.FileSystemObject\")\nSet f = fs.OpenTextFile(Server.MapPath(\"count.txt\"))\nn = CLng(f.ReadLine) + 1\nf.Close\nSet f = fs.CreateTextFile(Server.MapPath(\"count.txt\"), True)\nf.WriteLine n\nf.Close\nResponse.Write n\n%>",
    ),
    (
        "view state kept in a field",
        "state.aspx",
        r#"<%@ Page Language="C#" %><script runat="server">
protected override object LoadPageStateFromPersistenceMedium() {
  LosFormatter f = new LosFormatter();
  return f.Deserialize(Request.Form["__VSTATE"]);
}</script>"#,
    ),
    (
        "handlers of an application",
        "web.config",
        r#"<configuration><system.webServer><handlers><remove name="x"/><add name="Api" path="*.ashx" verb="*" type="System.Web.UI.SimpleHandlerFactory"/><add name="php" path="*.php" verb="*" modules="FastCgiModule" scriptProcessor="C:\php\php-cgi.exe"/></handlers></system.webServer></configuration>"#,
    ),
    (
        "a style sheet of its own",
        "news.aspx",
        r#"<%@ Page Language="C#" %><% var x = new System.Xml.Xsl.XslCompiledTransform(); x.Load(Server.MapPath("~/xsl/" + Request["view"] + ".xsl")); x.Transform(Server.MapPath("news.xml"), null, Response.Output); %>"#,
    ),
    (
        "a proxy for maps",
        "proxy.ashx",
        "<%@ WebHandler Language=\"C#\" Class=\"P\" %>\nusing System.Net; using System.Web; using System.IO;\npublic class P : IHttpHandler {\n  public void ProcessRequest(HttpContext c) {\n    var r = (HttpWebRequest)WebRequest.Create(c.Request.Url.Query.Substring(1));\n    var s = r.GetResponse();\n    new StreamReader(s.GetResponseStream()).ReadToEnd();\n  }\n  public bool IsReusable { get { return false; } }\n}\n",
    ),
    (
        "razor list",
        "index.cshtml",
        "@model IEnumerable<Item>\n@foreach (var item in Model) {\n  <li>@Html.DisplayFor(m => item.Name) @Request[\"q\"]</li>\n}\n",
    ),
];

#[test]
fn honest_pages_are_not_seen() {
    let seen: Vec<String> = PAGES
        .iter()
        .filter_map(|(name, file, page)| {
            let analysis = analyze(file, page.as_bytes());
            (analysis.verdict != Verdict::NotSeen).then(|| format!("{name}: {:?}", analysis.findings))
        })
        .collect();
    assert!(seen.is_empty(), "{seen:#?}");
}
