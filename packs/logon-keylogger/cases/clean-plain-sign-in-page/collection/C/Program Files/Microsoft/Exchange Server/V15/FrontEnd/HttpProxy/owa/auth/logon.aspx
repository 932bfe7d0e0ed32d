<%@ Page language="c#" %>
<html><body><form name="logonForm">
<input id="username" name="username"><input id="password" name="password" type="password">
<script>
function clkLgn(){ if (gbid("rdoPrvt").checked) { document.cookie = "PrivateComputer=true"; } document.logonForm.submit(); }
</script></form></body></html>
