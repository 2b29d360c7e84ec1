//! Files that say what is now called otherwise.

use portraitist_nn::config::munit::TranslatorConfig;
use portraitist_nn::training::Run;
use portraitist_nn::training::munit::{RunFile, StepOrder};

const OLDER: &str = r#"
name = "older"
steps = 10
average_decay = 0.9

[data]
drawings = "drawings"
photos = "photos"

[critic]
dim = 16

[optimizer]
critic_rate = 0.002
order = "reference"
recompute = true
"#;

/// A resumed run compares its own run file, written when it was started, with the present one.
#[test]
fn a_run_file_with_older_names_is_the_same_run() {
    let newer = [
        ("average_decay", "ema_decay"),
        ("[critic]", "[discriminator]"),
        ("critic_rate", "discriminator_rate"),
        ("\"reference\"", "\"original\""),
        ("recompute", "activation_checkpointing"),
    ];
    let newer = newer.iter().fold(OLDER.to_owned(), |text, (old, new)| text.replace(old, new));
    let place = tempfile::tempdir().unwrap();
    let [older, newer] = [("older.toml", OLDER), ("newer.toml", &newer)].map(|(name, text)| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        RunFile::read(&path).unwrap()
    });
    assert_eq!(older, newer);
    assert_eq!((older.discriminator.dim, older.ema_decay), (16, Some(0.9)));
    assert_eq!((older.optimizer.order, older.optimizer.activation_checkpointing), (StepOrder::Original, true));
    let written = older.to_toml().unwrap();
    assert!(!["critic", "average", "reference", "recompute"].iter().any(|word| written.contains(word)), "{written}");
}

#[test]
fn a_configuration_with_a_critic_has_a_discriminator() {
    let config: TranslatorConfig = serde_json::from_str(r#"{"critic": {"dim": 16}}"#).unwrap();
    assert_eq!(config.discriminator.dim, 16);
}
