"use strict";
// Small comforts only: without this the page holds the same words.
(() => {
  // A filter over tables that are longer than a screen.
  for (const box of document.querySelectorAll(".scroll")) {
    const rows = [...box.querySelectorAll("tbody > tr")];
    if (rows.length < 25) continue;
    const input = document.createElement("input");
    input.type = "search";
    input.className = "filter";
    input.placeholder = box.dataset.filter;
    input.setAttribute("aria-label", box.dataset.hint);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    });
    box.before(input);
  }
  // A link into a folded part opens it.
  const reveal = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    for (const inner of target.querySelectorAll(":scope > details")) inner.open = true;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  // Paper cannot be unfolded: what is meant for it is opened while printing, and folded again after.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details[data-print=open]:not([open])")];
    for (const part of opened) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of opened) part.open = false; });
})();
