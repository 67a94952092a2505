// Shows only the operations and schemas whose text holds all the words typed. Without this script the browser's own search does.
(() => {
  "use strict";
  const box = document.getElementById("search");
  const count = document.getElementById("count");
  const parts = [...document.querySelectorAll("section.op")].map((e) => ({ e, text: e.textContent.toLowerCase() }));
  document.getElementById("find").hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { e, text } of parts) {
      e.hidden = !words.every((w) => text.includes(w));
      if (!e.hidden) shown++;
    }
    for (const li of document.querySelectorAll("li[data-for]")) li.hidden = document.getElementById(li.dataset.for).hidden;
    count.textContent = words.length ? shown + " found" : "";
  });
})();
