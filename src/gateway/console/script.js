"use strict";
// Fetches the figures every few seconds and replaces each part that has changed.
(() => {
  const EVERY = 3000, PATIENCE = 5000, KEY = "operator-token";
  const at = (id) => document.getElementById(id);
  const [pause, forget, ask, trouble] = ["pause", "forget", "ask", "trouble"].map(at);
  const name = document.title;
  // This tab's alone, and gone with it.
  let token = ask && sessionStorage.getItem(KEY);
  let timer, paused = false, asking = false;

  const show = (part, text) => {
    part.hidden = !text;
    if (part.textContent !== text) part.textContent = text;
  };

  // Whoever is at something, keeps it: the focus, the place in a wide table, a selected text.
  const replace = (fresh) => {
    const old = at(fresh.id);
    if (!old) return at("figures").append(fresh);
    if (old.outerHTML === fresh.outerHTML) return;
    const selection = getSelection();
    if (!selection.isCollapsed && old.contains(selection.anchorNode)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.getAttribute("href") && `[href="${focused.getAttribute("href")}"]`;
    const scrolled = [...old.querySelectorAll(".scroll")].map((one) => [one.id, one.scrollLeft]);
    old.replaceWith(fresh);
    for (const [id, left] of scrolled) if (at(id)) at(id).scrollLeft = left;
    if (key) fresh.querySelector(key)?.focus({ preventScroll: true });
  };

  const update = async () => {
    clearTimeout(timer);
    if (asking || paused || document.hidden || (ask && !token)) return;
    asking = true;
    const own = token;
    try {
      const headers = own ? { Authorization: `Bearer ${own}` } : {};
      const answer = await fetch("/console", { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      // Forgotten, or another, since it was asked.
      if (token !== own) return;
      if (answer.status === 401 || answer.status === 403) return refuse(answer.status);
      if (!answer.ok) throw new Error(`The server answers ${answer.status}.`);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (token !== own) return;
      for (const part of [...fresh.body.children]) replace(part);
      if (token) sessionStorage.setItem(KEY, token);
      if (ask) [ask.hidden, forget.hidden] = [true, false];
      pause.hidden = false;
      document.title = `${at("verdict").querySelector(".title").textContent} ${name}`;
      show(trouble, "");
      document.body.classList.remove("stale");
    } catch (error) {
      const why = error instanceof TypeError || error.name === "TimeoutError" ? "The server does not answer." : error.message;
      show(trouble, `${why} What stands here is old; it is tried again.`);
      document.body.classList.add("stale");
    } finally {
      asking = false;
      clearTimeout(timer);
      timer = setTimeout(update, EVERY);
    }
  };

  const leave = () => {
    token = null;
    sessionStorage.removeItem(KEY);
    at("figures").replaceChildren();
    at("verdict").replaceChildren();
    at("clock").textContent = "";
    document.title = name;
    [ask.hidden, forget.hidden, pause.hidden] = [false, true, true];
    at("token").focus();
  };

  const refuse = (status) => {
    if (!ask) return show(trouble, "The server asks for a token now. Load the page again.");
    leave();
    show(at("refused"), status === 401 ? "This token is not accepted. It may be too old." : "This token is good, but not an operator's.");
  };

  ask?.addEventListener("submit", (event) => {
    event.preventDefault();
    token = at("token").value.trim();
    at("token").value = "";
    show(at("refused"), "");
    update();
  });
  forget.addEventListener("click", leave);
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", paused);
    update();
  });
  document.addEventListener("visibilitychange", update);
  pause.hidden = Boolean(ask);
  if (ask) update(); else timer = setTimeout(update, EVERY);
})();
