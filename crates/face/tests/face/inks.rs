//! CMYK JPEGs with a profile of their inks.

use portraitist_face::Decoded;

/// Two flat pictures of 8x8 pixels as Pillow writes them: inks 128, 128, 128, 0 and 32, 160, 96, 64 of 255. They differ in the Huffman
/// table and the data.
const FLAT: [(&str, &str); 2] = [
    ("00150001010000000000000000000000000000040a", "38e3afe1"),
    ("0016000101010000000000000000000000000009080a", "d7c0f75f07e1"),
];

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len()).step_by(2).map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap()).collect()
}

fn jpeg((table, data): (&str, &str), profile: &[u8]) -> Vec<u8> {
    let quantisation = format!("ffdb004300{}", "01".repeat(64));
    let frame = "ffc000140800080008044311004d11005911004b1100";
    let scan = format!("ffda000e0443004d0059004b00003f00{data}ffd9");
    let tables = format!("ffc4{table}ffc40014100100000000000000000000000000000000");
    let mut jpeg = bytes("ffd8ffee000e41646f626500640000000000");
    let length = (16 + profile.len()) as u16;
    jpeg.extend([&[0xFF, 0xE2][..], &length.to_be_bytes(), b"ICC_PROFILE\0\x01\x01", profile].concat());
    jpeg.extend(bytes(&[quantisation, frame.to_owned(), tables, scan].concat()));
    jpeg
}

/// 15.16 fixed-point numbers.
fn fixed(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| ((value * 65536.0).round() as i32).to_be_bytes()).collect()
}

/// A profile of inks that darken as a formula says, from a table of 5 steps an ink.
fn profile() -> Vec<u8> {
    const STEPS: u8 = 5;
    let white = fixed(&[0.9642, 1.0, 0.8249]);
    let identity: Vec<u8> = (0..=255).collect();
    let mut table =
        [b"mft1\0\0\0\0", &[4, 3, STEPS, 0][..], &fixed(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])].concat();
    table.extend(identity.repeat(4));
    let steps = || (0..STEPS).map(|step| f64::from(step) / f64::from(STEPS - 1));
    for cyan in steps() {
        for magenta in steps() {
            for yellow in steps() {
                for black in steps() {
                    let light = 100.0
                        * (1.0 - 0.25 * cyan)
                        * (1.0 - 0.35 * magenta)
                        * (1.0 - 0.06 * yellow)
                        * (1.0 - 0.9 * black);
                    let red = (-35.0 * cyan + 70.0 * magenta - 5.0 * yellow) * (1.0 - black);
                    let gold = (-45.0 * cyan - 3.0 * magenta + 85.0 * yellow) * (1.0 - black);
                    let levels = [light * 2.55, red + 128.0, gold.clamp(-127.0, 127.0) + 128.0];
                    table.extend(levels.map(|level| level.round_ties_even() as u8));
                }
            }
        }
    }
    table.extend(identity.repeat(3));
    let description = [b"desc\0\0\0\0\0\0\0\x05inks\0".as_slice(), &[0; 78]].concat();
    let point = [b"XYZ \0\0\0\0", &white[..]].concat();
    let tags = [(b"desc", description), (b"cprt", b"text\0\0\0\0none\0".to_vec()), (b"wtpt", point), (b"A2B0", table)];
    let (mut list, mut data) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let start = 128 + 4 + 12 * tags.len();
    for (name, content) in &tags {
        data.resize(data.len().next_multiple_of(4), 0);
        list.extend(
            [&name[..], &((start + data.len()) as u32).to_be_bytes(), &(content.len() as u32).to_be_bytes()].concat(),
        );
        data.extend(content);
    }
    let mut head = ((start + data.len()) as u32).to_be_bytes().to_vec();
    head.extend([&[0; 4][..], &0x0240_0000u32.to_be_bytes(), b"prtrCMYKLab "].concat());
    head.extend([2026u16, 1, 1, 0, 0, 0].iter().flat_map(|part| part.to_be_bytes()));
    head.extend([b"acsp", &[0; 28][..], &white].concat());
    head.resize(128, 0);
    [head, list, data].concat()
}

#[test]
fn inks_are_converted_by_their_profile() {
    // By LittleCMS, relative colorimetric.
    for (flat, expected) in FLAT.into_iter().zip([[206, 160, 138], [190, 116, 106]]) {
        let Decoded { picture, warnings } = Decoded::decode("inks", &jpeg(flat, &profile())).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        for colour in picture.pixels().chunks_exact(3) {
            assert!(
                colour.iter().zip(expected).all(|(found, right)| found.abs_diff(right) <= 3),
                "{colour:?}, {expected:?}"
            );
        }
        let without = Decoded::decode("inks", &jpeg(flat, b"no profile at all")).unwrap();
        assert!(without.picture.pixels()[..3] != picture.pixels()[..3], "by the light that each ink leaves");
    }
}
