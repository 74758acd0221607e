// The box on the statistics page that explains a key. The token leaves this page in a header and in no other way: the
// fields have no names, so that nothing of them would stand in a URL even if the form were sent.
"use strict";

const form = document.getElementById("explain");
const answer = document.getElementById("explanation");

function element(name, className, text) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
}

function time(seconds) {
    const amount = Math.abs(seconds);
    if (amount < 0.001) return `${Math.round(seconds * 1e6)} µs`;
    if (amount < 1) return `${Math.round(seconds * 1e4) / 10} ms`;
    if (amount < 120) return `${Math.round(seconds * 10) / 10} s`;
    if (amount < 7200) return `${Math.round(seconds / 6) / 10} min`;
    return `${Math.round(seconds / 360) / 10} h`;
}

function facts(tier) {
    const isEntry = tier.age !== null || tier.timeLeft !== null;
    // What nobody is served with has no time left, whatever its end would have been.
    const left = tier.state === "dead" ? null : tier.timeLeft;
    return [
        ["Age", tier.age === null ? null : time(tier.age)],
        ["Time left", left === null ? null : left > 0 ? time(left) : `none, since ${time(-left)}`],
        ["Kept longer", tier.grace && left !== null ? `${time(tier.grace)}, to stand in for a failing database` : null],
        ["Fill took", tier.fillCost === null ? null : time(tier.fillCost)],
        ["Size", tier.size === null ? (isEntry ? "kept as a value, not as bytes" : null) : `${tier.size} bytes`],
        ["Codec", tier.codec],
        ["Being filled", tier.holder ? `yes, the lease stands for another ${time(tier.holder.timeLeft)}` : null],
    ].filter(([, text]) => text !== null);
}

function tierCard(tier) {
    const card = element("article", "tier");
    const heading = element("h3", "", tier.tier + " ");
    heading.append(element("span", `state ${tier.state}`, tier.state));
    card.append(heading, element("p", "", tier.why));
    const list = element("dl");
    for (const [name, text] of facts(tier)) list.append(element("dt", "", name), element("dd", "", text));
    if (tier.tags.length > 0) {
        const tags = element("dd");
        for (const tag of tier.tags) {
            tags.append(element("code", tag === tier.tag ? "tag culprit" : "tag", tag), " ");
        }
        list.append(element("dt", "", "Tags"), tags);
    }
    if (list.children.length > 0) card.append(list);
    return card;
}

function show(explanation) {
    const heading = element("p", "explained");
    heading.append(element("code", "", explanation.key), ` in version ${explanation.version}`);
    answer.replaceChildren(heading, ...explanation.tiers.map(tierCard));
    if (explanation.waiters !== null) {
        answer.append(element("p", "", `This process is filling it; callers that wait: ${explanation.waiters}.`));
    }
}

function fail(message) {
    answer.replaceChildren(element("p", "failure", message));
}

form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const cache = document.getElementById("explain-cache").value;
    const key = document.getElementById("explain-key").value;
    const token = document.getElementById("explain-token").value;
    // A header could not carry it, and the browser's error would not say so.
    if (/[^\x20-\x7e]/.test(token)) return fail("An admin token has no such characters.");
    try {
        const response = await fetch(`/api/cache/explain?cache=${cache}&key=${encodeURIComponent(key)}`, {
            headers: { Authorization: `Bearer ${token}` },
        });
        const body = await response.json();
        if (response.ok) show(body); else fail(body.error);
    } catch {
        fail("The shop did not answer.");
    }
});

form.hidden = false;
