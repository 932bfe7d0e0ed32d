function clkLgn(){ return true; }
