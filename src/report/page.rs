//! The page: one HTML file that needs no other and no network.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Section;
use super::locus::Locus;
use crate::output::markup::escaped;

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// Run in this order, as one script.
const SCRIPTS: [&str; 5] = [
    include_str!("page/elements.js"),
    include_str!("page/charts.js"),
    include_str!("page/table.js"),
    include_str!("page/locus.js"),
    include_str!("page/page.js"),
];

/// Returns the page as HTML.
pub fn html(title: &str, sections: &[Section], loci: &[Locus]) -> String {
    let loci: Vec<Value> = loci.iter().map(Locus::pack).collect();
    let data = json!({
        "title": title,
        "version": env!("CARGO_PKG_VERSION"),
        "sections": sections,
        "loci": loci,
    });
    let script = SCRIPTS.concat();
    // The one script and the one style that a browser takes are these: what a name may smuggle in
    // is none of them.
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        source(&script),
        source(STYLE)
    );
    fill(
        TEMPLATE,
        &[
            ("{{policy}}", &policy),
            ("{{title}}", &escaped(title)),
            ("{{style}}", STYLE),
            ("{{data}}", &json_in_html(&data)),
            ("{{script}}", &script),
        ],
    )
}

/// Replaces each mark, in the order of the template; what is put in is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let found = values.iter().find(|(mark, _)| rest.starts_with(mark));
        let (mark, value) = found.copied().unwrap_or(("{{", "{{"));
        text.push_str(value);
        rest = &rest[mark.len()..];
    }
    text + rest
}

/// Returns what a content security policy calls an inline script or style.
fn source(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut base64 = String::from("sha256-");
    for three in digest.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize] as char;
            base64.push(if at <= three.len() { letter } else { '=' });
        }
    }
    base64
}

/// Returns JSON that nothing in it can end the script element of.
fn json_in_html(data: &Value) -> String {
    let text = data.to_string();
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => html.push_str("\\u003c"),
            '>' => html.push_str("\\u003e"),
            '&' => html.push_str("\\u0026"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_script_and_style_by_their_digest() {
        // printf abc | openssl dgst -sha256 -binary | base64
        assert_eq!(source("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn hostile_text_ends_nothing() {
        let hostile = "</script><script>alert(1)</script><!-- {{script}} \" ' &";
        let page = html(hostile, &[], &[]);
        assert_eq!(page.matches("<script").count(), 2, "data and program");
        assert_eq!(page.matches("</script").count(), 2);
        assert!(page.contains("<title>&lt;/script&gt;"));
        assert!(!page.contains("<!-- {{script}}"));
        let data = page.split("type=\"application/json\">").nth(1).unwrap();
        let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
        assert_eq!(data["title"], hostile, "and it is read back as it was");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = html("t", &[], &[]);
        let elsewhere = page.matches("url(").count() - page.matches("url(#").count();
        assert_eq!(elsewhere, 0);
        for word in
            ["http://", "https://", "src=\"", "@import", "innerHTML", "document.write", "eval("]
        {
            let known = page.matches("http://www.w3.org/").count();
            let found = page.matches(word).count();
            assert_eq!(found, if word == "http://" { known } else { 0 }, "{word}");
        }
    }
}
