// What a machine can see of a notice in a frame of some width.

const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);

function luminance([red, green, blue]) {
    const linear = [red, green, blue].map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(one, other) {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
}

// The words' colour as it is seen: what is transparent lets the page through.
function seen(element, view, page) {
    let opacity = 1;
    for (let above = element; above; above = above.parentElement) {
        opacity *= Number(view.getComputedStyle(above).opacity);
    }
    const [red, green, blue, alpha] = channels(view.getComputedStyle(element).color);
    const share = opacity * (alpha === undefined ? 1 : alpha);
    return [red, green, blue].map((value, at) => value * share + page[at] * (1 - share));
}

function judge(frame) {
    const document = frame.contentDocument;
    const view = document.defaultView;
    const probe = document.createElement("i");
    probe.style.backgroundColor = "Canvas";
    document.body.append(probe);
    const page = channels(view.getComputedStyle(probe).backgroundColor);
    probe.remove();
    const all = [...document.body.querySelectorAll("*")];
    const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim()).map((node) => node.data.trim());
    const told = all.filter((element) => own(element).length > 0);
    const contrasts = told.map((element) => [contrast(seen(element, view, page), page), own(element)[0]]);
    contrasts.sort((a, b) => a[0] - b[0]);
    const isScrolled = (element) => element.closest("[style*='overflow-x']") !== null;
    const right = document.documentElement.clientWidth + 0.5;
    return {
        dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
        width: view.innerWidth,
        scrolls: document.documentElement.scrollWidth > view.innerWidth,
        wide: all.filter((element) => element.getBoundingClientRect().right > right && !isScrolled(element)).map((element) => element.outerHTML),
        fetched: view.performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:")),
        backgrounds: all.filter((element) => channels(view.getComputedStyle(element).backgroundColor)[3] !== 0).map((element) => element.outerHTML),
        pictures: [...document.images].filter((image) => image.complete && image.naturalWidth > 0).length,
        words: told.map(own).flat().join(" ").split(/\s+/).length,
        contrast: contrasts.length > 0 ? contrasts[0][0] : 0,
        palest: contrasts.length > 0 ? contrasts[0][1] : "",
    };
}

addEventListener("load", () => {
    const frames = [...document.querySelectorAll("iframe")];
    for (const frame of frames) {
        frame.style.height = `${Math.max(100, frame.contentDocument.documentElement.scrollHeight)}px`;
    }
    document.getElementById("verdicts").textContent = JSON.stringify(frames.map(judge));
});
