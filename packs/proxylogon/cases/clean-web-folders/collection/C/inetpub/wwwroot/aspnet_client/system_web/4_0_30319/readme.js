var unsafe = eval("1");
