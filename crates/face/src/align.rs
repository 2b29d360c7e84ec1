//! Alignment: from a photo and five points to a crop, and a translated crop back into its photo.

use rayon::prelude::*;

use crate::edit::{Border, bilinear, resample, warp, warp_as_opencv};
use crate::error::{Error, Result};
use crate::landmarks::FivePoints;
use crate::original_2018;
use crate::picture::{Picture, check_size};
use crate::template::Template;
use crate::transform::{Point, Similarity};

/// An aligned crop and how it was taken.
#[derive(Clone, Debug)]
pub struct Aligned {
    /// The crop, of the template's size.
    pub crop: Picture,
    /// From pixels of the photo to pixels of the crop.
    pub transform: Similarity,
}

/// Ways to fit the similarity transform that moves a face onto a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Least squares in the source, mirrored where that fits better: `cp2tform`.
    Reflective,
    /// The same, never mirrored.
    Plain,
    /// As the original chooses between the two, its mistake included.
    #[serde(rename = "original-2018", alias = "seed-2018")]
    Original2018,
    /// Least squares in the crop, never mirrored; for translation, no recipe names it.
    #[serde(skip)]
    InCrop,
}

/// Ways to sample a crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampling {
    /// OpenCV's `warpAffine`: bilinear, however much the picture shrinks; black outside the picture.
    Opencv,
    /// Shrunk with an antialiased filter first where that matters.
    Antialiased,
}

/// Cuts faces out of pictures: fits a transform to their five points, and samples the template's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cropper {
    /// The frame, and where the five points lie in it.
    pub template: Template,
    /// How the transform is fitted.
    pub fit: Fit,
    /// How the crop is sampled.
    pub sampling: Sampling,
    /// What is seen outside the picture, with [`Sampling::Antialiased`].
    pub border: Border,
}

impl Cropper {
    /// Crops as recognition and prepared datasets have them: sampled as OpenCV does.
    pub fn new(template: Template, fit: Fit) -> Self {
        Self { template, fit, sampling: Sampling::Opencv, border: Border::Zero }
    }

    /// Crops as translation has them: fitted in the crop, sampled with antialiasing.
    pub fn antialiased(template: Template, border: Border) -> Self {
        Self { template, fit: Fit::InCrop, sampling: Sampling::Antialiased, border }
    }

    /// The transform that moves five points of a picture onto the template.
    ///
    /// # Errors
    /// [`Error::DegeneratePoints`] for points that coincide or are not finite.
    pub fn fit(&self, points: &FivePoints) -> Result<Similarity> {
        // Single precision, as the original has it: its matrices then come out to the last digits.
        let single = |points: &FivePoints| points.map(|point: Point| point.map(|value| f64::from(value as f32)));
        let (from, to) = (single(points), single(&self.template.points));
        match self.fit {
            Fit::Reflective => Similarity::estimate_reflective(&from, &to),
            Fit::Plain => Similarity::estimate_in_source(&from, &to),
            Fit::Original2018 => original_2018::estimate_reflective(&from, &to),
            Fit::InCrop => Similarity::estimate(points, &self.template.points),
        }
    }

    /// Samples the frame to which `transform` leads.
    ///
    /// # Errors
    /// [`Error::SizeOutOfRange`] for a template of size zero or beyond the limits.
    pub fn cut(&self, picture: &Picture, transform: &Similarity) -> Result<Picture> {
        let Template { width, height, .. } = self.template;
        match self.sampling {
            Sampling::Opencv => warp_as_opencv(picture, transform, width, height),
            Sampling::Antialiased => warp(picture, transform, width, height, self.border),
        }
    }

    /// Moves five points of a picture onto the template and cuts its frame out.
    ///
    /// # Errors
    /// As [`fit`](Self::fit) and [`cut`](Self::cut).
    pub fn crop(&self, picture: &Picture, points: &FivePoints) -> Result<Aligned> {
        check_size("template", self.template.width, self.template.height)?;
        let transform = self.fit(points)?;
        Ok(Aligned { crop: self.cut(picture, &transform)?, transform })
    }
}

/// Moves the five `points` of a photo onto `template` (least squares in the crop) and cuts its frame out; see [`Cropper`].
///
/// # Errors
/// [`Error::DegeneratePoints`] for points that coincide or are not finite, [`Error::SizeOutOfRange`] for a template of size zero
/// or beyond the limits.
pub fn align(photo: &Picture, points: &FivePoints, template: &Template, border: Border) -> Result<Aligned> {
    Cropper::antialiased(*template, border).crop(photo, points)
}

/// Takes the whole photo as the crop: the largest middle part of the frame's shape, scaled to the template's size.
///
/// For pictures that are face crops already, or where no face is found.
///
/// # Errors
/// [`Error::SizeOutOfRange`] for a template of size zero or beyond the limits.
pub fn take_whole(photo: &Picture, template: &Template) -> Result<Aligned> {
    check_size("template", template.width, template.height)?;
    let across = template.width as f64 / photo.width() as f64;
    let down = template.height as f64 / photo.height() as f64;
    let scale = across.max(down);
    // The middle of the photo lands on the middle of the frame.
    let shift = |frame: usize, side: usize| (frame as f64 - 1.0) / 2.0 - scale * (side as f64 - 1.0) / 2.0;
    let transform = Similarity::from_scale_and_shift(
        scale,
        shift(template.width, photo.width()),
        shift(template.height, photo.height()),
    )?;
    let crop = warp(photo, &transform, template.width, template.height, Border::Replicate)?;
    Ok(Aligned { crop, transform })
}

/// How a crop fades into the photo around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PasteMask {
    /// Shape: exponent of the superellipse that touches the frame's edges; 2 is an ellipse, 4 to 8 a rounded rectangle. 1..=32.
    pub roundness: f64,
    /// Share of the way from the middle to the edge over which the crop fades out, 0..=1.
    pub feather: f64,
}

impl Default for PasteMask {
    /// A rounded rectangle that fades over the outer fifth.
    fn default() -> Self {
        Self { roundness: 4.0, feather: 0.2 }
    }
}

impl PasteMask {
    fn check(&self) -> Result<()> {
        let wrong = |what, expected, found: f64| Err(Error::OutOfRange { what, expected, found: found.to_string() });
        if !(1.0..=32.0).contains(&self.roundness) {
            return wrong("mask roundness", "1 to 32", self.roundness);
        }
        if !(0.0..=1.0).contains(&self.feather) {
            return wrong("mask feather", "0 to 1", self.feather);
        }
        Ok(())
    }

    /// Share of the crop at a place of the frame, 0..=1; `across` and `down` run from -1 to 1.
    fn weight(&self, across: f64, down: f64) -> f64 {
        let distance = (across.abs().powf(self.roundness) + down.abs().powf(self.roundness)).powf(1.0 / self.roundness);
        let inside = ((1.0 - distance) / self.feather.max(1e-6)).clamp(0.0, 1.0);
        inside * inside * (3.0 - 2.0 * inside)
    }
}

/// Blends a (translated) crop back into the photo it came from.
///
/// `crop` may have any size: it is stretched over the frame of `frame_width` x `frame_height` pixels to which `transform` leads, as
/// given by [`align`]. Pixels outside the mask stay as they are.
///
/// # Errors
/// [`Error::SizeOutOfRange`] for a frame of size zero, [`Error::OutOfRange`] for mask settings outside their ranges.
pub fn paste(
    photo: &Picture,
    crop: &Picture,
    transform: &Similarity,
    frame_width: usize,
    frame_height: usize,
    mask: PasteMask,
) -> Result<Picture> {
    check_size("frame", frame_width, frame_height)?;
    mask.check()?;
    let (frame_width, frame_height) = (frame_width as f64, frame_height as f64);
    // Where the crop is finer than the photo, it is shrunk with the antialiased filter first.
    let needed = |side: f64| (side / transform.scale()).ceil().max(1.0);
    let fits =
        |have: usize, side: f64| (have as f64).min(needed(side).max(have as f64 / 64.0)).round().max(1.0) as usize;
    let (width, height) = (fits(crop.width(), frame_width), fits(crop.height(), frame_height));
    let crop = resample(crop, width, height);
    let mut blended = photo.clone();
    let stride = 3 * photo.width();
    blended.pixels_mut().par_chunks_mut(stride).enumerate().for_each(|(y, row)| {
        for (x, rgb) in row.chunks_exact_mut(3).enumerate() {
            let [u, v] = transform.apply([x as f64, y as f64]);
            let (across, down) = ((u + 0.5) / frame_width, (v + 0.5) / frame_height);
            if !(0.0..=1.0).contains(&across) || !(0.0..=1.0).contains(&down) {
                continue;
            }
            let weight = mask.weight(2.0 * across - 1.0, 2.0 * down - 1.0);
            let at = [across * width as f64 - 0.5, down * height as f64 - 0.5];
            for (value, new) in rgb.iter_mut().zip(bilinear(&crop, at, Border::Replicate)) {
                *value = (f64::from(*value) * (1.0 - weight) + f64::from(new) * weight + 0.5) as u8;
            }
        }
    });
    Ok(blended)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    fn photo() -> Picture {
        let pixels = (0..160 * 120).flat_map(|i| [(i % 160) as u8, (i / 160 * 2) as u8, 90]).collect();
        Picture::from_rgb(160, 120, pixels).unwrap()
    }

    #[test]
    fn align_moves_eyes_onto_template() {
        // The template's points, turned, shrunk and shifted into the photo.
        let turn = Similarity::estimate(&[[0.0, 0.0], [200.0, 0.0]], &[[30.0, 5.0], [110.0, 25.0]]).unwrap();
        let points = Template::ORIGINAL.points.map(|point| turn.apply(point));
        let aligned = align(&photo(), &points, &Template::ORIGINAL, Border::Zero).unwrap();
        assert_eq!((aligned.crop.width(), aligned.crop.height()), (200, 232));
        for (point, expected) in points.into_iter().zip(Template::ORIGINAL.points) {
            let [x, y] = aligned.transform.apply(point);
            assert!((x - expected[0]).hypot(y - expected[1]) < 1e-6);
        }
    }

    #[test]
    fn pasting_the_crop_itself_changes_little_and_nothing_outside() {
        let photo = photo();
        let turn = Similarity::estimate(&[[0.0, 0.0], [200.0, 0.0]], &[[40.0, 15.0], [110.0, 25.0]]).unwrap();
        let points = Template::ORIGINAL.points.map(|point| turn.apply(point));
        let aligned = align(&photo, &points, &Template::ORIGINAL, Border::Replicate).unwrap();
        let back = paste(&photo, &aligned.crop, &aligned.transform, 200, 232, PasteMask::default()).unwrap();
        let worst = back.pixels().iter().zip(photo.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 3, "{worst}");
        let red = Picture::filled(64, 64, [255, 0, 0]).unwrap();
        let marked = paste(&photo, &red, &aligned.transform, 200, 232, PasteMask::default()).unwrap();
        assert_eq!(marked.pixel(0, 0), photo.pixel(0, 0));
        let [x, y] = aligned.transform.inverse().apply([100.0, 116.0]);
        assert_eq!(marked.pixel(x.round() as usize, y.round() as usize), Some([255, 0, 0]));
    }

    #[test]
    fn the_whole_photo_fills_the_frame() {
        let aligned = take_whole(&Picture::filled(92, 112, [50; 3]).unwrap(), &Template::ORIGINAL).unwrap();
        assert!(aligned.crop == Picture::filled(200, 232, [50; 3]).unwrap());
    }

    #[test]
    fn wrong_masks_and_points_are_refused() {
        let photo = photo();
        let mask = PasteMask { roundness: f64::NAN, feather: 0.1 };
        assert!(matches!(paste(&photo, &photo, &Similarity::IDENTITY, 9, 9, mask), Err(Error::OutOfRange { .. })));
        let spot = [[5.0, 5.0]; 5];
        assert!(matches!(align(&photo, &spot, &Template::ORIGINAL, Border::Zero), Err(Error::DegeneratePoints { .. })));
    }
}
