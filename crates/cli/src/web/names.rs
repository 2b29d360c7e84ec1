//! Names that nobody can guess: whoever knows one was told it.

/// The length of a name.
const LENGTH: usize = 32;

/// 128 random bits in hexadecimal.
///
/// # Errors
/// If the system has no random numbers.
pub(super) fn unguessable() -> Result<String, getrandom::Error> {
    let mut bytes = [0; LENGTH / 2];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:0LENGTH$x}", u128::from_ne_bytes(bytes)))
}

/// Whether a text has the form of such a name.
pub(super) fn is_name(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_form_and_differ() {
        let [one, other] = [unguessable().unwrap(), unguessable().unwrap()];
        assert!(is_name(&one) && is_name(&other) && one != other);
        for text in ["", "../../etc/passwd", &one[1..], &format!("{}g", &one[1..])] {
            assert!(!is_name(text), "{text}");
        }
    }
}
