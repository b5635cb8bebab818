/// The terminal's page. Its addresses are relative, so it knows nothing of where it is served.
enum TerminalPage {
    static let html = """
        <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>Weir</title><link rel="stylesheet" href="xterm.css">
        <style>html,body{height:100%;margin:0;background:#14191e;overflow:hidden}
        #terminal{position:absolute;inset:34px 0 6px 8px}
        #names{position:absolute;inset:0 0 auto 0;height:28px;display:flex;gap:2px;background:#0d1115;overflow-x:auto;
        font:13px system-ui,sans-serif}#names a{color:#c6ced6;text-decoration:none;padding:5px 12px;white-space:nowrap}
        #names a[aria-current]{background:#14191e;color:#fff}
        #state{position:absolute;right:12px;top:8px;z-index:9;font:13px system-ui,sans-serif;color:#14191e;
        background:#e8b04b;border-radius:4px;padding:3px 9px;cursor:pointer}#state[hidden]{display:none}</style>
        <nav id="names"></nav><div id="state" role="status" hidden></div><div id="terminal"></div>
        <script type="module" src="terminal.js"></script></html>
        """

    /// Comes back by itself when the connection is lost: the shell has gone on meanwhile.
    static let script = """
        import { Terminal, FitAddon, WebLinksAddon } from "./xterm.js";
        const zh = navigator.language.startsWith("zh");
        document.documentElement.lang = zh ? "zh-Hans" : "en";
        const texts = zh
          ? { lost: "连接已断开，正在重连…", ended: "终端已结束，点击重新打开", another: "新终端", terminals: "终端" }
          : { lost: "Connection lost, trying again…", ended: "The terminal has ended. Click to open it again", another: "New terminal",
              terminals: "Terminals" };
        // The terminals of this environment that this browser has opened: each is a shell of its own, which outlives its page (X16).
        const key = "weir-terminals " + location.pathname;
        const known = () => { try { return JSON.parse(localStorage.getItem(key)) ?? []; } catch { return []; } };
        const remember = names => { try { localStorage.setItem(key, JSON.stringify(names.slice(0, 32))); } catch { /* no memory */ } };
        let name = new URLSearchParams(location.search).get("name") || "main";
        if (name === "new") {
          let number = 2;
          while (known().includes("terminal-" + number)) number += 1;
          name = "terminal-" + number;
          history.replaceState(null, "", "?name=" + name);
        }
        if (!known().includes(name)) remember([...known(), name]);
        document.title = name + " · Weir";
        const bar = document.getElementById("names");
        bar.setAttribute("aria-label", texts.terminals);
        for (const one of [...new Set(["main", ...known()]), "new"]) {
          const link = document.createElement("a");
          link.href = "?name=" + encodeURIComponent(one);
          link.textContent = one === "new" ? "+" : one;
          if (one === "new") { link.title = texts.another; link.setAttribute("aria-label", texts.another); }
          if (one === name) link.setAttribute("aria-current", "page");
          bar.append(link);
        }
        const terminal = new Terminal({ cursorBlink: true, scrollback: 10000, fontSize: 14, lineHeight: 1.2,
          fontFamily: "ui-monospace, Menlo, Consolas, monospace", theme: { background: "#14191e" } });
        const fit = new FitAddon();
        terminal.loadAddon(fit);
        terminal.loadAddon(new WebLinksAddon());
        terminal.open(document.getElementById("terminal"));
        const state = document.getElementById("state");
        const encoder = new TextEncoder();
        let socket, wait = 500;
        function show(text) { state.textContent = text; state.hidden = !text; }
        function connect() {
          fit.fit();
          const address = new URL("ws", location.href);
          address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
          address.search = new URLSearchParams({ name, columns: terminal.cols, rows: terminal.rows });
          socket = new WebSocket(address);
          socket.binaryType = "arraybuffer";
          socket.onopen = () => { wait = 500; show(""); terminal.focus(); };
          socket.onmessage = event => terminal.write(new Uint8Array(event.data));
          socket.onclose = event => {
            if (event.code === 1000) { remember(known().filter(one => one !== name)); show(texts.ended); return; }
            show(texts.lost);
            setTimeout(connect, wait);
            wait = Math.min(wait * 2, 15000);
          };
        }
        function send(data) { if (socket && socket.readyState === 1) socket.send(data); }
        state.onclick = () => { if (socket.readyState === 3) { terminal.reset(); connect(); } };
        terminal.onData(text => send(encoder.encode(text)));
        terminal.onBinary(text => send(Uint8Array.from(text, c => c.charCodeAt(0))));
        terminal.onResize(({ cols, rows }) => send(JSON.stringify({ columns: cols, rows })));
        new ResizeObserver(() => fit.fit()).observe(document.getElementById("terminal"));
        connect();
        """
}
