//! One HTML page of all kernels that pictures show: no script, nothing from outside.

use std::fmt::Write as _;

use super::figures::SHOWN;
use super::tables::Results;

const STYLE: &str = "body{font-family:sans-serif;margin:24px;color:#222}h1{font-size:24px}h2{font-size:18px;margin:28px 0 4px}\
p{max-width:960px;line-height:1.4}svg{max-width:100%;height:auto}table{border-collapse:collapse;font-size:13px;margin:2px 0}\
td,th{padding:2px 12px 2px 0;text-align:left}section{border-top:1px solid #ddd}code{font-size:13px}";

/// Returns the page; `made` are lines on what made it.
pub fn html(results: &Results<'_>, made: &[String]) -> String {
    let study = results.study;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Kernels</title><style>{STYLE}</style></head>\
         <body>\n<h1>What the kernels of the first layer look for</h1>\n"
    );
    let all = results.ranked.len();
    let _ = writeln!(
        page,
        "<p>{all} kernels, the most important first{}; {} sequences. The limit of a kernel is the greatest of the \
         classes' mean activations, its importance that less the least of them; a logo is made of the sequences of the \
         class with the greatest mean that reach the limit. The grey line among the activations is the limit; boxes are \
         quartiles, lines reach from the least to the greatest.</p>",
        if all > SHOWN { format!(" ({SHOWN} shown)") } else { String::new() },
        study.sequences.len()
    );
    for &kernel in results.ranked.iter().take(SHOWN) {
        let _ = writeln!(
            page,
            "<section><h2>Kernel {}</h2>\n{}<table><tr><th>class</th><th>sequences</th><th>mean activation</th>\
             <th>above the limit</th><th>log2 enrichment</th><th>corrected p</th></tr>",
            escaped(results.name(kernel)),
            results.row(kernel).svg()
        );
        for (name, class) in study.classes.iter().zip(&results.found[kernel].classes) {
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{:.4}</td><td>{}</td><td>{:.3}</td><td>{}</td></tr>",
                escaped(name),
                class.sequences,
                class.mean,
                class.above,
                class.enrichment,
                probability(class.p)
            );
        }
        page.push_str("</table></section>\n");
    }
    let _ = writeln!(page, "<section><h2>Clusters</h2>\n{}</section>", results.heat_map().svg());
    page.push_str("<section><h2>What made this page</h2>\n");
    for line in made {
        let _ = writeln!(page, "<p><code>{}</code></p>", escaped(line));
    }
    page.push_str("</section></body></html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn probability(p: f64) -> String {
    if p < 1e-3 { format!("{p:.1e}") } else { format!("{p:.3}") }
}
