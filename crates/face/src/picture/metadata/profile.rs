//! The bytes of an ICC profile, bounded before memory is taken for them.

/// Largest colour profile that is used, in bytes; profiles of printing presses have 1 to 3 MB.
const MAX_PROFILE_BYTES: usize = 4 * 1024 * 1024;

/// An ICC profile as a file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::picture) enum ProfileBytes {
    /// The file has none.
    None,
    /// The profile, at most [`MAX_PROFILE_BYTES`].
    Found(Vec<u8>),
    /// There is one that cannot be used, and why.
    Unusable(String),
}

impl ProfileBytes {
    /// A profile stored as it is.
    pub(in crate::picture) fn plain(bytes: &[u8]) -> Self {
        if bytes.len() > MAX_PROFILE_BYTES { too_large() } else { Self::Found(bytes.to_vec()) }
    }

    /// A profile in zlib's format.
    pub(in crate::picture) fn compressed(bytes: &[u8]) -> Self {
        match inflate(bytes, MAX_PROFILE_BYTES) {
            Ok(profile) => Self::Found(profile),
            Err(InflateError::TooLarge) => too_large(),
            Err(InflateError::Damaged) => Self::Unusable("its compressed data is damaged".to_owned()),
        }
    }
}

fn too_large() -> ProfileBytes {
    ProfileBytes::Unusable(format!("it has more than {} MiB", MAX_PROFILE_BYTES >> 20))
}

/// Why compressed bytes could not be unpacked.
pub(super) enum InflateError {
    /// They unpack to more than was allowed.
    TooLarge,
    /// They are not zlib's.
    Damaged,
}

/// Unpacks zlib's format to at most `limit` bytes.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(bytes, limit).map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => InflateError::TooLarge,
        _ => InflateError::Damaged,
    })
}
