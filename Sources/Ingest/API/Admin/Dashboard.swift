internal import Shared

/// The operators' page: one screen, no assets of others, nothing that the strict policy forbids.
enum Dashboard {
    static func response(_ endpoint: Endpoint) -> Response {
        var response = Response(status: 200)
        response.cacheControl = "no-cache"
        switch endpoint {
        case .dashboardScript:
            response.contentType = .javascript
            response.body = Array(script.utf8)
        case .dashboardStyle:
            response.contentType = .css
            response.body = Array(style.utf8)
        default:
            response.contentType = .html
            response.contentSecurityPolicy =
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            response.body = Array(page.utf8)
        }
        return response
    }

    private static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Tasklane</title>
        <link rel="stylesheet" href="/ops/page.css">
        <script src="/ops/page.js" defer></script>
        </head>
        <body>
        <h1>Tasklane</h1>
        <p id="state" role="status">loading</p>
        <form id="login" hidden>
        <label>Token with scope tasklane:admin <input id="token" type="password" autocomplete="off"></label>
        <button>Show</button>
        </form>
        <dl id="figures"></dl>
        <table><caption>Deepest lanes</caption><thead><tr><th>Lane</th><th>Queued</th></tr></thead>
        <tbody id="lanes"></tbody></table>
        <p>Drill down with <code>tasklane top</code>, <code>tasklane why REQUEST</code>,
        <code>tasklane dead list</code>.</p>
        </body>
        </html>

        """

    private static let style = """
        body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem; }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1rem; }
        dl div { border: 1px solid #8888; border-radius: .5rem; padding: .5rem 1rem; }
        dt { font-size: .85rem; } dd { font-size: 1.6rem; margin: 0; font-variant-numeric: tabular-nums; }
        dd.bad { color: #c00; }
        table { border-collapse: collapse; min-width: 15rem; } td, th { padding: .2rem 1rem .2rem 0; text-align: left; }

        """

    private static let script = """
        "use strict";
        const $ = (id) => document.getElementById(id);
        let token = "";
        const rows = [
            ["oldest_seconds", "Oldest queued, seconds"], ["queued", "Queued"], ["parked_users", "Parked users"],
            ["dead_letters", "Dead letters"], ["unaccounted", "Unaccounted"], ["rate", "Applied a second"], ["accepted", "Accepted"],
            ["waiters", "Waiting clients"], ["connections", "Connections"]];
        let last = null;
        function show(figures) {
            const now = performance.now();
            figures.rate = last ? Math.max(0, (figures.settled - last.settled) * 1000 / (now - last.at)).toFixed(0) : "";
            last = { settled: figures.settled, at: now };
            $("figures").replaceChildren(...rows.map(([name, label]) => {
                const box = document.createElement("div");
                const term = document.createElement("dt");
                const value = document.createElement("dd");
                term.textContent = label;
                value.textContent = figures[name];
                if (name === "unaccounted" && figures[name] !== 0) value.className = "bad";
                box.append(term, value);
                return box;
            }));
            $("lanes").replaceChildren(...figures.lanes.map((lane) => {
                const row = document.createElement("tr");
                for (const text of [lane.lane, lane.depth]) {
                    const cell = document.createElement("td");
                    cell.textContent = text;
                    row.append(cell);
                }
                return row;
            }));
            $("state").textContent = figures.redis ? "Redis answers" : "Redis does not answer";
        }
        async function load() {
            try {
                const headers = token ? { Authorization: "Bearer " + token } : {};
                const answer = await fetch("/ops/api/overview", { headers });
                $("login").hidden = answer.ok;
                if (answer.ok) show(await answer.json());
                else $("state").textContent = answer.status === 403 ? "The token lacks the scope" : "A token is needed";
                if (!answer.ok) return;
            } catch { $("state").textContent = "Ingest does not answer"; }
            setTimeout(load, 2000);
        }
        $("login").addEventListener("submit", (event) => {
            event.preventDefault();
            token = $("token").value;
            load();
        });
        load();

        """
}
