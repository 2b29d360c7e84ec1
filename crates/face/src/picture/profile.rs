//! ICC profiles: from a file's colours to sRGB, by `moxcms`.

use std::sync::Arc;

use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

/// Pixels converted at a time.
const PIXELS_AT_A_TIME: usize = 16 * 1024;

/// An 8-bit or 16-bit sample.
pub(super) trait Sample: Copy + Default + Send + Sync + 'static {
    /// White.
    const MAX: u64;
    /// Its value.
    fn value(self) -> u64;
    /// A sample of a value up to [`Sample::MAX`].
    fn of(value: u64) -> Self;
    /// The nearest 8-bit level.
    fn level(self) -> u8;
    /// A transform between profiles for such samples.
    fn transform(from: (&ColorProfile, Layout), to: (&ColorProfile, Layout)) -> Result<Transform<Self>, CmsError>;
}

/// What `moxcms` makes of two profiles.
pub(super) type Transform<S> = Arc<dyn TransformExecutor<S> + Send + Sync>;

impl Sample for u8 {
    const MAX: u64 = 255;

    fn value(self) -> u64 {
        self.into()
    }

    fn of(value: u64) -> Self {
        value as u8
    }

    fn level(self) -> u8 {
        self
    }

    fn transform(from: (&ColorProfile, Layout), to: (&ColorProfile, Layout)) -> Result<Transform<Self>, CmsError> {
        from.0.create_transform_8bit(from.1, to.0, to.1, TransformOptions::default())
    }
}

impl Sample for u16 {
    const MAX: u64 = 65_535;

    fn value(self) -> u64 {
        self.into()
    }

    fn of(value: u64) -> Self {
        value as u16
    }

    fn level(self) -> u8 {
        ((u32::from(self) + 128) / 257) as u8
    }

    fn transform(from: (&ColorProfile, Layout), to: (&ColorProfile, Layout)) -> Result<Transform<Self>, CmsError> {
        from.0.create_transform_16bit(from.1, to.0, to.1, TransformOptions::default())
    }
}

/// A profile that has been understood.
pub(super) struct Profile(ColorProfile);

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        ColorProfile::new_from_slice(bytes).map(Self).map_err(|error| format!("it cannot be read ({error})"))
    }

    /// Whether the header of a profile says that it describes inks.
    pub(super) fn is_for_inks(bytes: &[u8]) -> bool {
        bytes.get(16..20) == Some(b"CMYK")
    }

    /// Converts pixels to sRGB in place. Alpha stays. Colours that no value of would change by more than an 8-bit level stay
    /// exactly as they are: most profiles are one of many spellings of sRGB.
    ///
    /// # Shapes
    /// - samples: `[pixels, channels]`, 3 for RGB or 4 for RGB and alpha; all three alike where `grey` is set
    ///
    /// # Errors
    /// Why the profile cannot be used for such a picture.
    pub(super) fn convert<S: Sample>(&self, samples: &mut [S], channels: usize, grey: bool) -> Result<(), String> {
        match self.0.color_space {
            DataColorSpace::Rgb => self.convert_colours(samples, channels),
            DataColorSpace::Gray if grey => self.convert_grey(samples, channels),
            DataColorSpace::Gray => Err("it is for grey, and the picture has colours".to_owned()),
            other => Err(format!("it is for {other:?} colours, and the picture's are decoded to RGB")),
        }
    }

    fn convert_colours<S: Sample>(&self, samples: &mut [S], channels: usize) -> Result<(), String> {
        let layout = if channels == 4 { Layout::Rgba } else { Layout::Rgb };
        let transform = self.to_srgb::<S>(layout, layout)?;
        let probes: Vec<S> = probe_colours(channels);
        let mut changed = probes.clone();
        transform.transform(&probes, &mut changed).map_err(failed)?;
        if probes.iter().zip(&changed).all(|(before, after)| is_near(*before, *after)) {
            return Ok(());
        }
        let mut source = Vec::new();
        for pixels in samples.chunks_mut(PIXELS_AT_A_TIME * channels) {
            source.clear();
            source.extend_from_slice(pixels);
            transform.transform(&source, pixels).map_err(failed)?;
        }
        Ok(())
    }

    fn convert_grey<S: Sample>(&self, samples: &mut [S], channels: usize) -> Result<(), String> {
        let transform = self.to_srgb::<S>(Layout::Gray, Layout::Rgb)?;
        let levels: Vec<S> = (0..=S::MAX).map(S::of).collect();
        let mut colours = vec![S::default(); 3 * levels.len()];
        transform.transform(&levels, &mut colours).map_err(failed)?;
        let table: Vec<S> = colours.chunks_exact(3).map(|colour| colour[1]).collect();
        if levels.iter().zip(&table).all(|(before, after)| is_near(*before, *after)) {
            return Ok(());
        }
        for pixel in samples.chunks_exact_mut(channels) {
            pixel[..3].iter_mut().for_each(|sample| *sample = table[sample.value() as usize]);
        }
        Ok(())
    }

    /// Converts inks (`[pixels, 4]`) to sRGB (`[pixels, 3]`).
    ///
    /// # Errors
    /// Why the profile cannot be used for inks.
    pub(super) fn convert_inks(&self, inks: &[u8]) -> Result<Vec<u8>, String> {
        if self.0.color_space != DataColorSpace::Cmyk {
            return Err(format!("it is for {:?} colours, and the picture has inks", self.0.color_space));
        }
        let transform = self.to_srgb::<u8>(Layout::Rgba, Layout::Rgb)?;
        let mut colours = vec![0; inks.len() / 4 * 3];
        let pieces = inks.chunks(PIXELS_AT_A_TIME * 4).zip(colours.chunks_mut(PIXELS_AT_A_TIME * 3));
        for (inks, colours) in pieces {
            transform.transform(inks, colours).map_err(failed)?;
        }
        Ok(colours)
    }

    fn to_srgb<S: Sample>(&self, from: Layout, to: Layout) -> Result<Transform<S>, String> {
        S::transform((&self.0, from), (&ColorProfile::new_srgb(), to)).map_err(failed)
    }
}

fn failed(error: CmsError) -> String {
    format!("it cannot be used ({error})")
}

fn is_near<S: Sample>(before: S, after: S) -> bool {
    before.value().abs_diff(after.value()) <= S::MAX / 255
}

/// Colours all over the cube, opaque.
fn probe_colours<S: Sample>(channels: usize) -> Vec<S> {
    const STEPS: u64 = 8;
    let level = |step: u64| S::of(S::MAX * step / STEPS);
    let side = STEPS + 1;
    let colour = |index: u64| [index % side, index / side % side, index / side / side, STEPS].map(level);
    (0..side.pow(3)).flat_map(|index| colour(index).into_iter().take(channels)).collect()
}
