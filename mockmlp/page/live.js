// Renews the numbers above the page, and the part called "live", when the mock says that something happened.
// Without this script everything can be read and done; a reload shows what is new.
(() => {
  "use strict";
  const main = document.getElementById("main");
  const stream = document.getElementById("stream");
  let shown = main.dataset.revision;
  let wanted = shown;
  let busy = false;

  function keyOf(element) {
    if (!element) return "";
    const form = element.closest("form");
    return element.getAttribute("href") || (form ? form.getAttribute("action") + new URLSearchParams(new FormData(form)) : "");
  }

  // The focus stays where it was: someone may be reading the list with the keyboard.
  function replace(old, fresh) {
    const key = old.contains(document.activeElement) ? keyOf(document.activeElement) : "";
    old.replaceWith(fresh);
    if (!key) return;
    for (const e of fresh.querySelectorAll("a, button")) {
      if (keyOf(e) === key) { e.focus({ preventScroll: true }); return; }
    }
  }

  async function renew() {
    const old = document.getElementById("live");
    if (busy || !old || wanted === shown || document.hidden) return;
    if (old.contains(document.getSelection().anchorNode) && !document.getSelection().isCollapsed) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (!fresh) return;
      replace(document.getElementById("live"), document.adoptNode(fresh));
      shown = page.getElementById("main").dataset.revision;
    } catch {
      // The mock is gone for a moment: the stream comes back, and with it the next renewal.
    } finally {
      busy = false;
    }
  }

  const events = new EventSource("/live");
  events.onopen = () => { stream.hidden = false; };
  events.onerror = () => { stream.hidden = true; };
  events.onmessage = (event) => {
    const head = JSON.parse(event.data);
    for (const e of document.querySelectorAll("[data-head]")) e.textContent = head[e.dataset.head];
    wanted = head.revision;
    renew();
  };
  document.addEventListener("visibilitychange", renew);
  // A renewal that was put off, because one was under way or text was selected.
  setInterval(renew, 1000);
})();
