//! Pages as programs write them, and what is read of them.

use proptest::prelude::*;

use super::*;

fn text(html: &str) -> String {
    let page = to_text(html, false);
    assert!(page.aside.is_empty() && page.tail.is_empty(), "{html}: {page:?}");
    page.text
}

fn sides(html: &str) -> (String, String, String) {
    let page = to_text(html, false);
    (page.text, page.aside, page.tail)
}

#[test]
fn paragraphs_and_lines_are_kept() {
    for (html, plain) in [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("<p class=MsoNormal>One<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Two</p>", "One\n\nTwo"),
        ("<P CLASS=\"MsoNormal\">One\n\n</P><P CLASS=MsoNormal>Two", "One\nTwo"),
        ("One<br><br><br>Two<br>", "One\n\nTwo"),
        ("<h1>Head</h1>text<hr>more", "Head\n\ntext\n\nmore"),
        ("a <b>b</b><i>c</i>\n\t d&nbsp;e", "a bc d e"),
        ("<pre>\n  one\n\n    two\n</pre>three", "  one\n\n    two\n\nthree"),
        ("<div style='white-space: pre-wrap'>a\n  b</div>", "a\n  b"),
        ("soft&shy;hy\u{200b}phen \u{feff}x", "softhyphen x"),
        ("-- <br>Mia", "-- \nMia"),
    ] {
        assert_eq!(text(html), plain, "{html}");
    }
}

#[test]
fn lists_are_indented_and_numbered() {
    let html = "List:<ul><li>one<li>two<ol start=3><li>a</li><li><p>b</p><p>more</p></li></ol></li><li></li></ul>end";
    assert_eq!(text(html), "List:\n\n- one\n- two\n  3. a\n  4. b\n    more\n\nend");
    let word = "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span \
                style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp; </span></span><![endif]>First</p><p class=MsoListParagraph>\
                <span style='mso-list:Ignore'>2.<span>&nbsp; </span></span>Second</p>";
    assert_eq!(text(word), "- First\n2. Second");
}

#[test]
fn tables_are_readable() {
    for (html, plain) in [
        ("<table><tr><th>Item<th>Price<tr><td>Kettle<td><td>49 €</table>after", "Item | Price\nKettle | 49 €\nafter"),
        (
            "<table><tr><td><p class=MsoNormal>Item</p></td><td><p>Price</p></td></tr><tr><td><p>Kettle</p></td><td><p>49</p></td></tr></table>",
            "Item | Price\nKettle | 49",
        ),
        ("<table><tr><td>From:</td><td>Mia</td></tr></table>", "From: Mia"),
        (
            "<table><tr><td><table><tr><td>Dear Mia,</td></tr></table></td></tr><tr><td><p>Hello</p></td></tr></table>",
            "Dear Mia,\n\nHello",
        ),
        ("<table><tr><td>Left<br>two</td><td>Right</td></tr></table>", "Left\ntwo\nRight"),
        ("<td>a<td>b", "a\nb"),
        ("<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr></table></td></tr></table>", "a | b | c"),
    ] {
        assert_eq!(text(html), plain, "{html}");
    }
}

#[test]
fn links_and_pictures_are_words() {
    for (html, plain) in [
        ("<a href=\"https://shop.example/a?b=1&amp;c=2\">our shop</a>.", "our shop (https://shop.example/a?b=1&c=2)."),
        ("<a href='http://www.shop.example/'>www.shop.example</a>", "www.shop.example"),
        ("<a href=mailto:mia@customer.example>mia@customer.example</a>", "mia@customer.example"),
        ("<a href='#top'>Top</a> <a href='javascript:x()'>Run</a><a href='https://shop.example/'></a>", "Top Run"),
        (
            "<a href='https://shop.example'><div>Kettles</div><div>All of them</div></a>",
            "Kettles (https://shop.example)\nAll of them",
        ),
        ("<a href='https://a.example'>A<a href='https://b.example'>B</a>", "A (https://a.example)B (https://b.example)"),
        ("<img src=cid:1 alt='Broken lid'><img src=x width=1 height=1 alt=pixel><img alt='😊'>", "[Broken lid]😊"),
    ] {
        assert_eq!(text(html), plain, "{html}");
    }
}

#[test]
fn hidden_text_is_left_out_unless_there_is_no_other() {
    for (html, plain) in [
        ("<div style='display:none;max-height:0'>Preview &zwnj;&nbsp;&zwnj;</div><p>Hello</p>", "Hello"),
        ("<td style='font-size:0px'><div style='font-size:16px'>Hello</div> x</td>", "Hello"),
        ("<p hidden>a</p><span style='opacity:0'>b</span>c", "c"),
        ("<div style='display:none'>Only this</div>", "Only this"),
        ("<span style='display:none'>a<div>b</span>c</div>d", "c\nd"),
        ("<a style='mso-hide:all' href='https://shop.example'>Pay</a>", "Pay (https://shop.example)"),
    ] {
        assert_eq!(text(html), plain, "{html}");
    }
}

#[test]
fn quotations_are_told_by_structure() {
    let gmail = "<div dir=ltr>Thanks!</div><br><div class=gmail_quote><div dir=ltr class=gmail_attr>Dana pon, 9. stu 2026. u 10:15 Ana &lt;\
                 ana@staff.example&gt; je napisala:<br></div><blockquote class=gmail_quote style='border-left:1px solid #ccc'>First<br>\
                 </blockquote><div>My answer</div><blockquote class=gmail_quote>Second</blockquote></div>";
    let (own, aside, tail) = sides(gmail);
    assert_eq!(own, "Thanks!\n\n> First\nMy answer\n> Second");
    assert_eq!(aside, "Dana pon, 9. stu 2026. u 10:15 Ana <ana@staff.example> je napisala:");
    assert_eq!(tail, "");
    let outlook = "<div>Yes.<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Od:</b> Ana\
                   <br><b>Poslano:</b> x</p></div><p class=MsoNormal>Old</p></div>";
    assert_eq!(sides(outlook), ("Yes.".to_owned(), String::new(), "Od: Ana\nPoslano: x\nOld".to_owned()));
    let ruled =
        "<div>One<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>Chapter two</div>text</div>";
    assert_eq!(sides(ruled).0, "One\nChapter two\ntext");
    let yahoo = "<div>Fine</div><div class='ydp12signature'>Mia</div><div id=yahoo_quoted_1 class=yahoo_quoted>On Monday Ana wrote:<p>Old</p></div>";
    assert_eq!(sides(yahoo), ("Fine".to_owned(), "Mia".to_owned(), "On Monday Ana wrote:\n\nOld".to_owned()));
    let yandex =
        "<div>Да</div><div>12.03.2024, 10:15, \"Ana\" &lt;ana@staff.example&gt;:</div><blockquote><p>Old</p></blockquote>";
    let yandex_line = "12.03.2024, 10:15, \"Ana\" <ana@staff.example>:";
    assert_eq!(sides(yandex), ("Да\n\n> Old".to_owned(), yandex_line.to_owned(), String::new()));
    let indented = "<div>I mean:</div><blockquote style='margin:0 0 0 40px'>this one</blockquote>Thanks";
    assert_eq!(text(indented), "I mean:\nthis one\nThanks");
}

#[test]
fn what_is_passed_on_is_text() {
    let gmail = "<div>See below</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Zoe</div>Help me\
                 <blockquote class=gmail_quote>older</blockquote></div>";
    let want = "See below\n---------- Forwarded message ---------\nFrom: Zoe\nHelp me\n> older";
    assert_eq!(sides(gmail), (want.to_owned(), String::new(), String::new()));
    let apple =
        "<div>FYI</div><blockquote type=cite><div>Begin forwarded message:</div><div>From: Zoe</div><p>Help me</p></blockquote>";
    assert_eq!(sides(apple).0, "FYI\nBegin forwarded message:\nFrom: Zoe\n\nHelp me");
    let outlook = "<div>FYI</div><div id=divRplyFwdMsg><b>From:</b> Zoe</div><div>Help me</div>";
    assert_eq!(to_text(outlook, true).text, "FYI\nFrom: Zoe\nHelp me");
}

#[test]
fn what_is_shown_is_safe() {
    for (html, safe) in [
        ("<p onclick=x()>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ("<svg onload=alert(1)><p>a</svg>", "<p>a</p>"),
        (
            "<img src='https://x.example/a.png' alt='Logo'><img src=https://x.example/p.gif width=1 height=1>",
            "<img alt=\"Logo\">",
        ),
        ("<img src='cid:photo@x' alt=''>", "<img src=\"cid:photo@x\" alt=\"\">"),
        (
            "<a href='javascript:alert(1)'>x</a><a href='java\u{1}script:alert(1)'>y</a>",
            "<a rel=\"noopener noreferrer nofollow\">x</a><a rel=\"noopener noreferrer nofollow\">y</a>",
        ),
        (
            "<a href='https://shop.example/?a=1&amp;b=2'>x</a>",
            "<a href=\"https://shop.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">x</a>",
        ),
        ("<td background=x>a<td>b", "<div>a</div><div>b</div>"),
        (
            "<table><tr><td colspan=2 style='color:red;position:fixed;background:url(x)'>a<td>b<tr>loose</table>",
            "<table><tbody><tr><td colspan=\"2\" style=\"color:red\">a</td><td>b</td></tr><tr><td>loose</td></tr></tbody></table>",
        ),
        ("<div style='display:none'>pre</div><b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
        ("<style>p{}</style><form action=x><input name=q>Send</form><iframe src=x>no</iframe>", "<div>Send</div>"),
        ("a\u{0}b&#0;&#7;c", "ab\u{fffd}c"),
    ] {
        assert_eq!(sanitised(html).0, safe, "{html}");
    }
}

/// Pieces that mean something.
const PIECES: [&str; 60] = [
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<br>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</table>",
    "<ul>",
    "<ol start=7>",
    "<li>",
    "</ul>",
    "<blockquote type=cite>",
    "<blockquote>",
    "</blockquote>",
    "<div class=gmail_quote>",
    "<div class=\"gmail_signature\">",
    "<div id=divRplyFwdMsg>",
    "<div class=yahoo_quoted>",
    "<pre>",
    "</pre>",
    "<a href='https://shop.example/?a=1&b=2'>",
    "</a>",
    "<b>",
    "</b>",
    "<span style=\"font-size:0\">",
    "</span>",
    "<img src=cid:1 alt='a picture'>",
    "<img src=https://x.example/y.png>",
    "<hr>",
    "&nbsp;",
    "&amp;",
    "&lt;",
    "&#0;",
    "&#x1;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "<!--",
    "-->",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<a href=\"java&#10;script:alert(1)\">",
    "<a href=javascript:x>",
    "<td background=https://x.example/b.png style='background:url(https://x.example)'>",
    "<h1>",
    "</h1>",
    "<font color=red>",
    "</font>",
    "<math><mi>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<xmp>",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        2 => "[a-z]{1,6} ?",
        1 => "[é日\u{301}\u{200d}\u{a0}\u{0}\u{1}\n\t]{1,3}",
    ]
}

proptest! {
    #[test]
    fn any_pieces_are_read_and_no_line_is_left_open(pieces in prop::collection::vec(piece(), 0..40), passes_on: bool) {
        let html = pieces.concat();
        let page = to_text(&html, passes_on);
        for side in [&page.text, &page.aside, &page.tail] {
            prop_assert!(!side.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{side:?}");
        }
        words(&html);
    }

    #[test]
    fn no_visible_word_is_lost(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::sample::select(PIECES.iter().copied().filter(|piece| !piece.contains("!--") && !piece.contains("script>")
                    && !piece.contains("<style") && !piece.contains("font-size") && *piece != "<" && *piece != "\"" && *piece != "'").collect::<Vec<_>>()).prop_map(|piece| (piece.to_owned(), None)),
                "[a-z]{12}".prop_map(|word| (format!(" {word} "), Some(word))),
            ],
            0..40,
        ),
        passes_on: bool,
    ) {
        let html: String = pieces.iter().map(|(piece, _)| piece.as_str()).collect();
        let page = to_text(&html, passes_on);
        let all = [page.text, page.aside, page.tail].concat();
        for word in pieces.iter().filter_map(|(_, word)| word.as_ref()) {
            prop_assert!(all.contains(word.as_str()), "{word} of {html} in {all}");
        }
    }

    #[test]
    fn what_is_shown_is_safe_whatever_it_was(pieces in prop::collection::vec(piece(), 0..40)) {
        let (safe, _) = sanitised(&pieces.concat());
        prop_assert!(!safe.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{safe:?}");
        prop_assert_eq!(&sanitised(&safe).0, &safe);
        for token in tokens::Tokens::of(&safe) {
            let tokens::Token::Open(_, tag) = token else { continue };
            for (name, value) in tokens::attributes(tag) {
                prop_assert!(["href", "rel", "src", "alt", "colspan", "rowspan", "style"].contains(&name), "{name} in {safe}");
                let value = value.to_ascii_lowercase();
                prop_assert!(name != "src" || value.starts_with("cid:"), "{safe}");
                prop_assert!(name != "href" || ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme)), "{safe}");
                prop_assert!(name != "style" || !value.contains("url"), "{safe}");
            }
        }
        for forbidden in ["<script", "<svg", "<style", "<form", "<iframe", "<math"] {
            prop_assert!(!safe.contains(forbidden), "{safe}");
        }
    }
}
