//! Settings of a run by name: what summaries print of them, and what tells one run from another.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// A setting of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    name: String,
    value: Value,
    printed: bool,
    compared: bool,
}

impl Setting {
    fn new(name: impl Into<String>, value: impl Serialize, printed: bool, compared: bool) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        Self { name: name.into(), value, printed, compared }
    }

    /// One that decides results.
    pub fn deciding(name: impl Into<String>, value: impl Serialize) -> Self {
        Self::new(name, value, true, true)
    }

    /// One without effect on results: runs that differ in it are the same.
    pub fn without_effect(name: impl Into<String>, value: impl Serialize) -> Self {
        Self::new(name, value, true, false)
    }

    /// One that decides results, and is not printed among the settings.
    pub fn unprinted(name: impl Into<String>, value: impl Serialize) -> Self {
        Self::new(name, value, false, true)
    }
}

/// Returns what a summary prints of settings; nothing of those that are null.
pub fn printed(settings: Vec<Setting>) -> BTreeMap<String, Value> {
    let printed =
        settings.into_iter().filter(|setting| setting.printed && !setting.value.is_null());
    printed.map(|setting| (setting.name, setting.value)).collect()
}

/// Returns what of settings tells one run from another, as text; nothing of those that are null.
pub fn compared(settings: Vec<Setting>) -> impl Iterator<Item = (String, String)> {
    let compared =
        settings.into_iter().filter(|setting| setting.compared && !setting.value.is_null());
    compared.map(|Setting { name, value, .. }| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_effect_is_printed_and_not_compared() {
        let settings = vec![
            Setting::deciding("background", 0.02),
            Setting::deciding("latent", "all"),
            Setting::deciding("haplotypes", None::<String>),
            Setting::without_effect("chunk_size", 65_536),
            Setting::unprinted("tracks", true),
        ];
        let text = serde_json::to_string(&printed(settings.clone())).unwrap();
        assert_eq!(text, r#"{"background":0.02,"chunk_size":65536,"latent":"all"}"#);
        let compared: BTreeMap<_, _> = compared(settings).collect();
        let expected = [("background", "0.02"), ("latent", "all"), ("tracks", "true")];
        assert_eq!(compared, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }
}
