//! Values that several commands take, and how their text is read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{PathBufValueParser, TypedValueParser};
use portraitist_face::drawing::Technique;
use portraitist_face::shape::{Amounts, Part};

use crate::web::limits::DEFAULT_ADDRESS;

/// The two domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DomainName {
    /// Drawings, caricatures included.
    Drawing,
    /// Photos.
    Photo,
}

/// What networks multiply. Sums, feature maps and normalisation are f32 in any case, and so are the layers of a translator
/// whose errors a picture would show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionName {
    /// Single precision.
    #[default]
    F32,
    /// 8 significant bits: faster where the processor has AMX or AVX-512 BF16, slower elsewhere. Pictures differ from f32's
    /// by up to 3 grey levels, embeddings' cosines with f32's are at least 0.9995.
    Bf16,
    /// bf16 where the processor has instructions for it, else f32.
    Auto,
}

/// Verification protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerificationName {
    /// Ten folds of given pairs (view 2).
    Restricted,
    /// Pairs drawn from folds of people (view 2), as the original draws them.
    Unrestricted,
}

pub(super) fn parse_points(text: &str) -> Result<[[f64; 2]; 5], String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse::<f64>()).collect();
    let numbers = numbers.map_err(|_| "expected ten numbers separated by commas".to_owned())?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    match <[[f64; 2]; 5]>::try_from(pairs) {
        Ok(points) if rest.is_empty() && numbers.iter().all(|number| number.is_finite()) => Ok(points),
        _ => Err(format!("expected five points, ten finite numbers separated by commas, found {}", numbers.len())),
    }
}

pub(super) fn parse_strength(text: &str) -> Result<f32, String> {
    let strength: f32 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=100.0).contains(&strength) { Ok(strength) } else { Err("expected a number from 0 to 100".to_owned()) }
}

/// How far a person is exaggerated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ExaggerationAmount {
    /// As far as the recogniser follows.
    Auto,
    /// As given.
    Of(Amounts),
}

/// Reads `auto`, a number, or `PART=X,...`.
pub(crate) fn parse_exaggeration(text: &str) -> Result<ExaggerationAmount, String> {
    let number =
        |text: &str| text.trim().parse::<f64>().map_err(|_| format!("expected a number from 0 to 2, found {text:?}"));
    let amounts = if text == "auto" {
        return Ok(ExaggerationAmount::Auto);
    } else if text.contains('=') {
        let part = |text: &str| {
            let (name, amount) = text.split_once('=').ok_or_else(|| format!("expected PART=X, found {text:?}"))?;
            Ok((Part::parse(name.trim()).map_err(|error| error.to_string())?, number(amount)?))
        };
        Amounts::of_parts(&text.split(',').map(part).collect::<Result<Vec<_>, String>>()?)
    } else {
        Amounts::all(number(text)?)
    };
    amounts.map(ExaggerationAmount::Of).map_err(|error| error.to_string())
}

pub(super) fn parse_amounts(text: &str) -> Result<Amounts, String> {
    match parse_exaggeration(text)? {
        ExaggerationAmount::Of(amounts) => Ok(amounts),
        ExaggerationAmount::Auto => Err("expected a number from 0 to 2 or PART=X,...".to_owned()),
    }
}

pub(super) fn parse_technique(text: &str) -> Result<Technique, String> {
    Technique::parse(text).map_err(|error| error.to_string())
}

pub(super) fn parse_tool(text: &str) -> Result<f32, String> {
    let tool = text.parse().ok().filter(|tool| (0.5..=4.0).contains(tool));
    tool.ok_or_else(|| "expected a number from 0.5 to 4".to_owned())
}

pub(super) fn parse_size(text: &str) -> Result<[usize; 2], String> {
    let sides =
        text.split_once(['x', 'X']).and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    sides
        .filter(|sides| sides.iter().all(|side| (8..=8192).contains(side)))
        .ok_or_else(|| "expected WIDTHxHEIGHT in pixels, each from 8 to 8192, such as 200x232".to_owned())
}

/// Bytes with a unit: `512M`, `2G`, or a plain number.
pub(super) fn parse_memory(text: &str) -> Result<u64, String> {
    let wrong = || "expected a size such as 512M or 2G".to_owned();
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// A time with a unit: `30m`, `12h`, `7d`; a minute to a year.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time from 1m to 365d, such as 30m, 12h or 7d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    seconds.filter(|seconds| (60..=365 * 24 * 3600).contains(seconds)).map(Duration::from_secs).ok_or_else(wrong)
}

pub(super) fn parse_ceiling(text: &str) -> Result<f64, String> {
    let ceiling = text.parse().ok().filter(|ceiling: &f64| ceiling.is_finite() && *ceiling > 0.0);
    ceiling.ok_or_else(|| "expected a number above 0".to_owned())
}

pub(super) fn parse_fold_length(text: &str) -> Result<usize, String> {
    let length = text.trim().parse().ok().filter(|length| (1..=1_000_000_000).contains(length));
    length.ok_or_else(|| "expected numbers of pairs from 1 on, separated by commas".to_owned())
}

/// As [`parse_address`], of this computer or of its network.
pub(super) fn parse_any_address(text: &str) -> Result<SocketAddr, String> {
    parse_address(text).map_err(|_| {
        format!("expected an address of this computer, such as {DEFAULT_ADDRESS}, localhost:0 or 0.0.0.0:7878")
    })
}

/// An address with or without its port: `127.0.0.2`, `127.0.0.1:8000`, `localhost:0`, `::1`, `[::1]:8000`. No name but
/// `localhost` is looked up.
pub(super) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("expected an address of this computer, such as {DEFAULT_ADDRESS}, 127.0.0.2 or localhost:0");
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(number) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse::<IpAddr>()
    {
        return Ok(SocketAddr::new(number, DEFAULT_ADDRESS.port()));
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| wrong())?),
        None => (text, DEFAULT_ADDRESS.port()),
    };
    let is_here = name.eq_ignore_ascii_case("localhost");
    is_here.then(|| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)).ok_or_else(wrong)
}

/// A plot to write; its name says how it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlotFile {
    pub(crate) path: PathBuf,
    pub(crate) format: PlotFormat,
}

/// How a plot is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlotFormat {
    /// As lines and text.
    Svg,
    /// As pixels.
    Png,
}

/// Reads the path of a plot, whatever its bytes.
pub(super) fn plot_parser() -> impl TypedValueParser<Value = PlotFile> {
    PathBufValueParser::new().try_map(parse_plot)
}

fn parse_plot(path: PathBuf) -> Result<PlotFile, String> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let format = match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("svg") => PlotFormat::Svg,
        Some("png") => PlotFormat::Png,
        _ => return Err("expected a file that ends in .svg or .png".to_owned()),
    };
    Ok(PlotFile { path, format })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_lack_their_port() {
        let cases = [
            ("127.0.0.2", "127.0.0.2:7878"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("localhost:0", "127.0.0.1:0"),
            ("LOCALHOST", "127.0.0.1:7878"),
            ("::1", "[::1]:7878"),
            ("[::1]", "[::1]:7878"),
            ("[::1]:80", "[::1]:80"),
            ("0.0.0.0:80", "0.0.0.0:80"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_address(text).map(|address| address.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in ["", ":80", "localhost:", "localhost:x", "localhost:70000", "example.org:80", "127.0.0", "[::1"] {
            assert!(parse_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn memory_has_a_unit() {
        let cases = [("512M", 512 << 20), ("2g", 2 << 30), ("1GiB", 1 << 30), ("1048576", 1 << 20), ("4k", 4096)];
        for (text, expected) in cases {
            assert_eq!(parse_memory(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "1.5G", "-1M", "12X", "99999999999999G", "é"] {
            assert!(parse_memory(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_a_unit_and_bounds() {
        for (text, seconds) in [("1m", 60), ("12h", 43_200), ("7d", 604_800), ("365d", 31_536_000)] {
            assert_eq!(parse_time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "7", "0h", "366d", "-1h", "1.5h", "7 d", "7天", "99999999999999999999d"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn points_are_ten_finite_numbers() {
        assert_eq!(parse_points("-1,2,-3,4,5,6,7,8,9,10.5").map(|points| points[0]), Ok([-1.0, 2.0]));
        assert_eq!(parse_points("1,2,3,4,5,6,7,8,9,10.5").map(|points| points[4]), Ok([9.0, 10.5]));
        assert!(parse_points("1,2,3").is_err());
        assert!(parse_points("1,2,3,4,5,6,7,8,9,NaN").is_err());
        assert!(parse_points("1,2,3,4,5,6,7,8,9,10,11").is_err());
    }
}
