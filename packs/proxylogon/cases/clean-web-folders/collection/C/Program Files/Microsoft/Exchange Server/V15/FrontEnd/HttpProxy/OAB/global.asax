<%@ Application Inherits="Microsoft.Exchange.HttpProxy.ProxyApplication" %>
