// What the pages need from the browser itself; everything else is .NET.
(() => {
  const root = document.documentElement;
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private mode: kept in memory only */ } };
  const system = matchMedia("(prefers-color-scheme: dark)");

  const applyTheme = () => {
    const chosen = stored("theme");
    root.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light";
  };
  applyTheme();
  system.addEventListener("change", applyTheme);
  // A navigation that syncs the document with the host's own takes away what the host did not write.
  new MutationObserver(() => { if (!root.dataset.theme) applyTheme(); }).observe(root, { attributes: true, attributeFilter: ["data-theme"] });

  // The page's first questions go out while .NET is still loading; Program takes the answers.
  const early = {};
  const ask = (path) => { early[path] = fetch(path, { credentials: "same-origin" }).then(async (r) => ({ status: r.status, body: await r.text() }), () => null); };
  ask("api/session");
  ask("api/catalog");

  let audio = null;
  let ringing = null;
  const tone = () => {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
    const at = audio.currentTime;
    for (const [start, hz] of [[0, 587], [0.16, 784]]) {
      const o = audio.createOscillator();
      const g = audio.createGain();
      o.type = "sine";
      o.frequency.value = hz;
      g.gain.setValueAtTime(0, at + start);
      g.gain.linearRampToValueAtTime(0.08, at + start + 0.03);
      g.gain.exponentialRampToValueAtTime(0.0005, at + start + 0.5);
      o.connect(g).connect(audio.destination);
      o.start(at + start);
      o.stop(at + start + 0.55);
    }
  };

  let keys = null;
  const typing = (e) => e.target.closest?.("input, textarea, select, [contenteditable]");
  addEventListener("keydown", (e) => {
    if (!keys || e.isComposing) return;
    const inside = (part) => !!document.activeElement?.closest?.(`[data-test=${part}]`);
    const digit = /^Digit[1-9]$/.test(e.code) ? e.code.slice(5) : /^[1-9]$/.test(e.key) ? e.key : null; // by place: Alt turns some keys into letters
    let what = null;
    if (e.key === "F2") what = "answer";
    else if (e.key === "F4") what = "hang_up";
    else if (e.key === "F6") what = "transfer";
    else if (e.key === "F8") what = e.repeat ? null : "spam";
    else if (e.key === "F9") what = "prefill";
    else if (e.key === "Backspace" && !typing(e) && inside("wrap-up")) what = "wrap-up:back";
    else if (e.key.toLowerCase() === "k" && (e.ctrlKey || e.metaKey)) what = "search";
    else if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) what = "finish";
    else if (digit && e.altKey && !e.ctrlKey && !e.metaKey) what = "alt:" + digit;
    else if (digit && !typing(e) && !e.ctrlKey && !e.metaKey && !e.shiftKey && inside("script")) what = "script:" + digit;
    else if (digit && !typing(e) && !e.ctrlKey && !e.metaKey && !e.shiftKey && inside("wrap-up")) what = "wrap-up:" + digit;
    else if (e.key === "?" && !typing(e)) what = "help";
    else if (e.key === "Escape") what = "escape";
    if (!what) return;
    if (what !== "escape") e.preventDefault();
    keys.invokeMethodAsync("OnKey", what);
  });

  for (const name of ["online", "offline"]) addEventListener(name, () => keys?.invokeMethodAsync("OnLine", name === "online"));

  // Among choices that stand side by side the arrows go, as in every radio group.
  addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    const group = step && e.target.closest?.("[data-arrows]");
    if (!group || typing(e)) return;
    const all = [...group.querySelectorAll("button:not(:disabled)")];
    const next = all[(all.indexOf(e.target.closest("button")) + step + all.length) % all.length];
    if (!next) return;
    e.preventDefault();
    next.focus();
  });

  let title = "CallCrm";
  window.callcrm = {
    early: async (path) => { const answer = await early[path]; delete early[path]; return answer ?? null; },
    theme: () => stored("theme") ?? "system",
    setTheme: (theme) => { store("theme", theme === "system" ? null : theme); applyTheme(); },
    load: (key) => stored(key),
    save: (key, value) => store(key, value),
    caret: (selector, line, column) => {
      const box = document.querySelector(selector);
      if (!box) return;
      const lines = box.value.split("\n");
      const before = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
      const at = Math.min(before + column - 1, before + (lines[line - 1] ?? "").length);
      box.focus();
      box.setSelectionRange(at, before + (lines[line - 1] ?? "").length);
      box.scrollTop = Math.max(0, (line - 4) * box.scrollHeight / lines.length);
    },
    drafts: (prefix) => { const found = {}; try { for (let i = 0; i < localStorage.length; i++) { const k = localStorage.key(i); if (k.startsWith(prefix)) found[k] = localStorage.getItem(k); } } catch { /* none */ } return found; },
    listen: (dotnet) => { keys = dotnet; },
    language: (code) => { root.lang = code; },
    focus: (selector) => document.querySelector(selector)?.focus(),
    // Only when nothing has it: what somebody types in keeps the focus.
    focusIfFree: (selector) => { if (!document.activeElement || document.activeElement === document.body) document.querySelector(selector)?.focus(); },
    // The next page of a list comes before its end is seen.
    watchEnd: (element, component) => {
      const watch = new IntersectionObserver((seen) => {
        if (!element.isConnected) watch.disconnect();
        else if (seen.some((e) => e.isIntersecting)) component.invokeMethodAsync("OnEnd").catch(() => watch.disconnect());
      }, { rootMargin: "300px" });
      watch.observe(element);
    },
    // Keeps Tab inside a dialog and gives the focus back when it closes.
    trap: (selector) => {
      const before = document.activeElement;
      const sheet = document.querySelector(selector);
      if (!sheet) return;
      if (!sheet.contains(before)) (sheet.querySelector("input, button") ?? sheet).focus();
      sheet.addEventListener("keydown", (e) => {
        if (e.key !== "Tab") return;
        const all = [...sheet.querySelectorAll("input, button:not(:disabled), a[href]")];
        const [first, last] = [all[0], all[all.length - 1]];
        if (e.shiftKey && document.activeElement === first) { e.preventDefault(); last.focus(); }
        else if (!e.shiftKey && document.activeElement === last) { e.preventDefault(); first.focus(); }
      });
      const gone = new MutationObserver(() => { if (sheet.isConnected) return; gone.disconnect(); if (document.activeElement === document.body && before?.isConnected) before.focus(); });
      gone.observe(document.body, { childList: true, subtree: true });
    },
    hasFocus: (selector) => !!document.activeElement?.closest?.(selector),
    // Resolves after the frame that shows the pop: the callback of a frame runs before its paint, a task posted from it after.
    painted: (offer) => new Promise((done) => {
      const mark = (painted) => {
        root.dataset.pop = offer;
        root.dataset.popPaintedAt = String(performance.timeOrigin + performance.now());
        done(painted);
      };
      if (document.hidden) { mark(false); return; }
      requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => mark(true); c.port2.postMessage(0); });
    }),
    badge: (text) => { document.title = text ? `${text} · ${title}` : title; },
    ring: (on) => {
      clearInterval(ringing);
      ringing = null;
      // A context that runs computes silence all day long.
      if (!on) audio?.suspend();
      if (!on || stored("muted") === "1") return;
      const play = () => { try { tone(); } catch { /* no sound before the first click */ } };
      play();
      ringing = setInterval(play, 2500);
    },
    notify: async (heading, text) => {
      if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
      const n = new Notification(heading, { body: text, tag: "call" });
      n.onclick = () => { focus(); n.close(); };
    },
    notifyState: () => ("Notification" in window ? Notification.permission : "none"),
    // One ring, muted or not: somebody listens for it. A browser that wants a click first, or has no way to sound, says so.
    tryRing: async () => {
      try {
        tone();
        await new Promise((r) => setTimeout(r, 250));
        setTimeout(() => { if (!ringing) audio?.suspend(); }, 1500);
        return audio.state === "running" ? "playing" : "blocked";
      } catch { return "blocked"; }
    },
    askToNotify: async () => ("Notification" in window && Notification.permission === "default" ? await Notification.requestPermission() : "Notification" in window ? Notification.permission : "denied"),
    seek: (id, seconds) => { const a = document.getElementById(id); if (a) a.currentTime = seconds; },
    play: async (id, on) => { const a = document.getElementById(id); if (!a) return; if (on) await a.play().catch(() => { /* a browser that wants a click first: the button is there */ }); else a.pause(); },
    rate: (id, rate) => { const a = document.getElementById(id); if (a) a.playbackRate = rate; },
    follow: (id, line) => {
      const box = document.getElementById(id);
      const l = box?.querySelector(`[data-n="${line}"]`);
      if (l && !box.matches(":hover")) box.scrollTop = l.offsetTop - (box.clientHeight - l.offsetHeight) / 2;
    },
    watchAudio: (id, dotnet) => {
      const a = document.getElementById(id);
      if (!a) return;
      const tell = () => dotnet.invokeMethodAsync("OnAudio", a.currentTime, !a.paused && !a.ended, Number.isFinite(a.duration) ? a.duration : 0);
      for (const e of ["timeupdate", "play", "pause", "ended", "loadedmetadata"]) a.addEventListener(e, tell);
      a.addEventListener("error", () => dotnet.invokeMethodAsync("OnAudioFailed"));
    },
    // Files dropped on a zone are those of its input.
    dropZone: (zone, input) => {
      if (!zone || zone.dataset.drops) return;
      zone.dataset.drops = "1";
      const over = (on) => (e) => { if (![...(e.dataTransfer?.types ?? [])].includes("Files")) return; e.preventDefault(); zone.classList.toggle("dropping", on); };
      zone.addEventListener("dragover", over(true));
      zone.addEventListener("dragleave", over(false));
      zone.addEventListener("drop", (e) => {
        over(false)(e);
        if (!e.dataTransfer?.files.length || input.disabled) return;
        input.files = e.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      });
    },
    chosen: (input) => { const f = input?.files?.[0]; return f ? { name: f.name, size: f.size } : null; },
    choose: (input) => input?.click(),
    // From the disk by the browser itself, with progress; status 0 when the line broke.
    upload: (input, url, dotnet) => new Promise((done) => {
      const file = input.files[0];
      const ask = new XMLHttpRequest();
      ask.open("POST", `${url}&name=${encodeURIComponent(file.name)}`);
      ask.setRequestHeader("Content-Type", "application/octet-stream");
      ask.upload.addEventListener("progress", (e) => { if (e.lengthComputable) dotnet.invokeMethodAsync("OnProgress", e.loaded / e.total); });
      ask.addEventListener("load", () => done({ status: ask.status, body: ask.responseText }));
      for (const e of ["error", "abort", "timeout"]) ask.addEventListener(e, () => done({ status: 0, body: "" }));
      // The same file may be chosen again.
      ask.addEventListener("loadend", () => { input.value = ""; });
      ask.send(file);
    }),
    fraction: (id, x) => { const r = document.getElementById(id)?.getBoundingClientRect(); return r && r.width > 0 ? Math.min(1, Math.max(0, (x - r.left) / r.width)) : 0; },
  };
})();
