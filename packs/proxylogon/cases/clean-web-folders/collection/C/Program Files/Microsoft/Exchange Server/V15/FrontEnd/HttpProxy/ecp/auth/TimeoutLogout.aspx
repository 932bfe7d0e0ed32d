<%@ Page Language="C#" %>
<html></html>
