// What the console does beyond links and forms. Every page works without it.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const say = (text) => { $("news").textContent = text; };
  const typing = (at) => at instanceof Element && at.closest("input, select, textarea, [contenteditable]") !== null;

  // ---- filters apply at once; the button stays for whoever has no script
  const filter = $("filter");
  if (filter) {
    filter.addEventListener("change", (event) => {
      if (event.target.type === "search") return;
      sessionStorage.setItem("chosen", `${event.target.name}=${event.target.type === "select-one" ? "" : event.target.value}`);
      filter.requestSubmit();
    });
    // whoever goes by the keyboard stays where he chose
    const [name, value] = (sessionStorage.getItem("chosen") || "=").split("=");
    sessionStorage.removeItem("chosen");
    for (const field of filter.elements) {
      if (name && field.name === name && (!value || field.value === value)) field.focus();
    }
    filter.addEventListener("submit", () => {
      for (const field of filter.elements) if (field.name && field.value === "") field.disabled = true;
    });
  }
  window.addEventListener("pageshow", () => {
    if (filter) for (const field of filter.elements) field.disabled = false;
  });

  // ---- back to the list as it was filtered
  const back = document.querySelector("[data-back]");
  if (location.pathname === "/exposures") sessionStorage.setItem("list", location.search);
  else if (back) back.href = "/exposures" + (sessionStorage.getItem("list") || "");

  // ---- many at once
  const bulk = $("bulk");
  const every = $("every");
  const boxes = [...document.querySelectorAll('input[form="bulk"]')];
  const picked = () => {
    const count = boxes.filter((box) => box.checked).length;
    bulk.classList.toggle("idle", count === 0);
    $("picked").textContent = count === 1 ? "With the one selected:" : `With the ${count} selected:`;
    for (const box of boxes) box.closest("tr").classList.toggle("picked", box.checked);
    every.checked = count > 0 && count === boxes.length;
    every.indeterminate = count > 0 && count < boxes.length;
  };
  if (bulk) {
    every.hidden = boxes.length === 0;
    every.addEventListener("change", () => {
      for (const box of boxes) box.checked = every.checked;
      picked();
    });
    for (const box of boxes) box.addEventListener("change", picked);
    picked();
  }

  // ---- keys
  const rows = [...document.querySelectorAll("a[data-row]")];
  const keys = $("keys");
  const step = (by) => {
    const at = rows.findIndex((row) => row.closest("tr") === document.activeElement.closest("tr"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + (at < 0 && by < 0 ? 0 : by)))];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  const pick = () => {
    const row = document.activeElement.closest("tr");
    const box = row && row.querySelector('input[type="checkbox"]');
    if (box) box.click();
  };
  const pages = { e: "/exposures", c: "/coverage", r: "/rules" };
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    x: pick,
    u: () => { if (back) location.assign(back.href); },
    p: () => { if (!$("pause").hidden) $("pause").click(); },
    "/": () => { const search = document.querySelector('input[type="search"]'); if (search) search.focus(); },
    "?": () => keys.showModal(),
  };
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys) return;
    if (event.key === "Escape" && typing(event.target)) event.target.blur();
    if (keys.open || (typing(event.target) && event.target.type !== "checkbox")) return;
    const arrow = event.key.startsWith("Arrow");
    if (arrow && !(document.activeElement && document.activeElement.matches("a[data-row]"))) return;
    const page = before === "g" && pages[event.key];
    before = event.key;
    if (page) { location.assign(page); return; }
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  if (keys) {
    $("help").hidden = false;
    $("help").addEventListener("click", () => keys.showModal());
  }

  // ---- live: ask every few seconds, show what is new, and let it be paused
  const live = document.body.dataset.live;
  if (!live) return;
  const pace = Number(document.body.dataset.every) * 1000;
  const pause = $("pause");
  let tag = "";
  let paused = sessionStorage.getItem("paused") === "yes";
  let timer = 0;
  let strip = "";

  const fresh = (count) => {
    const bar = $("fresh");
    if (!bar || !count || bar.dataset.count === String(count)) return;
    bar.dataset.count = String(count);
    const link = document.createElement("a");
    const first = new URL(location.href);
    for (const name of ["after", "done", "refused"]) first.searchParams.delete(name);
    link.href = first.href;
    link.textContent = "show";
    const words = count >= 50 ? "50 or more new" : `${count} new`;
    bar.replaceChildren(`${words}: `, link);
    bar.hidden = false;
    say(`${words} ${count === 1 ? "exposure" : "exposures"}`);
    document.title = document.title.replace(/^(\(.*\) )?/, `(${count}) `);
  };

  // parts of the page are put in anew, but for those that somebody is filling in
  const refresh = async (mark) => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement;
    for (const part of document.querySelectorAll("[data-part]")) {
      const name = part.dataset.part;
      const other = page.querySelector(`[data-part="${name}"]`);
      if (part.contains(focused) && focused !== document.body) continue;
      if (part.querySelector("details[open]")) continue;
      if (!other) { part.remove(); continue; }
      if (part.innerHTML !== other.innerHTML) part.innerHTML = other.innerHTML;
    }
    const closed = page.querySelector('[data-part="closed"]');
    if (closed && !document.querySelector('[data-part="closed"]')) {
      document.querySelector(".columns").before(closed);
    }
    const article = document.querySelector("[data-mark]");
    article.dataset.mark = mark;
    say("This exposure has changed; the page shows it as it is now");
  };

  const ask = async () => {
    const answer = await fetch(live, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) { stop(); say("You are signed out: load the page again"); return; }
    if (answer.status !== 200) return;
    tag = answer.headers.get("ETag") || "";
    const news = await answer.json();
    const shown = $("strip");
    if (shown && news.strip !== strip && !shown.contains(document.activeElement) && !shown.querySelector("details[open]")) {
      strip = news.strip;
      shown.innerHTML = strip;
    }
    if (news.new !== undefined) fresh(news.new);
    const article = document.querySelector("[data-mark]");
    if (article && news.mark && news.mark !== article.dataset.mark) await refresh(news.mark);
  };

  const stop = () => { clearInterval(timer); timer = 0; };
  const start = () => {
    if (timer || paused || document.hidden) return;
    timer = setInterval(() => { ask().catch(() => {}); }, pace);
  };
  const shown = () => {
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Live updates are paused" : "Pause live updates";
  };
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("paused", paused ? "yes" : "no");
    shown();
    if (paused) stop(); else start();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else start(); });
  shown();
  start();
})();
