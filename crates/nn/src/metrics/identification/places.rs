//! At which rank of a gallery is a person found?
//!
//! A person of the gallery is as similar to a probe as the most similar of their pictures. Ties are counted in
//! expectation over all orders: with `ahead` people more similar and `level` others exactly as similar, the person has
//! each of the ranks `ahead + 1` … `ahead + 1 + level` with the same probability. So a recogniser that finds everybody
//! equally similar scores at chance, neither 0 nor 1.

use serde::Serialize;

use crate::metrics::error::MetricsError;

/// How alike probes are to the pictures of a gallery, and whom all of them show.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Person of each gallery picture.
    pub gallery: Vec<u32>,
    /// Person of each probe.
    pub probes: Vec<u32>,
    /// `[probes, gallery]`, higher is more alike.
    pub similarities: Vec<f32>,
}

/// Where a probe's person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The probe's person.
    pub person: u32,
    /// Other people who are more alike.
    pub ahead: u32,
    /// Other people who are exactly as alike.
    pub level: u32,
}

impl Place {
    /// Probability of being among the first `rank` people (from 1), equals in random order.
    pub fn within(self, rank: usize) -> f64 {
        let room = (rank as f64 - f64::from(self.ahead)).max(0.0);
        (room / (f64::from(self.level) + 1.0)).min(1.0)
    }
}

impl Search {
    /// Number of people in the gallery.
    pub fn num_people(&self) -> usize {
        self.people().len()
    }

    fn people(&self) -> Vec<u32> {
        let mut people = self.gallery.clone();
        people.sort_unstable();
        people.dedup();
        people
    }

    /// The place of every probe's person.
    ///
    /// # Errors
    /// [`MetricsError`] for no probes, fewer than two people in the gallery, a probe of somebody who is not there, and
    /// similarities that are not finite or too few.
    pub fn places(&self) -> Result<Vec<Place>, MetricsError> {
        let people = self.people();
        if people.len() < 2 {
            let found = format!("{}: whoever is looked up would be found", people.len());
            return Err(MetricsError::TooFew { expected: "two or more people in the gallery", found });
        }
        if self.probes.is_empty() || self.similarities.len() != self.probes.len() * self.gallery.len() {
            let found = format!("{} of {}", self.similarities.len(), self.probes.len() * self.gallery.len());
            return Err(MetricsError::TooFew { expected: "a similarity for every probe and gallery picture", found });
        }
        let place_of = |person: u32| people.binary_search(&person).ok();
        let columns: Vec<usize> = self.gallery.iter().filter_map(|&person| place_of(person)).collect();
        let mut nearest = vec![f32::NEG_INFINITY; people.len()];
        let mut places = Vec::with_capacity(self.probes.len());
        for ((probe, &person), row) in self.probes.iter().enumerate().zip(self.similarities.chunks(self.gallery.len()))
        {
            nearest.fill(f32::NEG_INFINITY);
            for ((picture, &column), &similarity) in columns.iter().enumerate().zip(row) {
                if !similarity.is_finite() {
                    let place = format!("probe {} and gallery picture {}", probe + 1, picture + 1);
                    return Err(MetricsError::NotFinite { place, found: f64::from(similarity) });
                }
                nearest[column] = nearest[column].max(similarity);
            }
            let own = place_of(person).ok_or(MetricsError::NotInGallery { probe: probe + 1 })?;
            let count = |better: fn(f32, f32) -> bool| {
                nearest.iter().filter(|&&similarity| better(similarity, nearest[own])).count() as u32
            };
            places.push(Place { person, ahead: count(|one, own| one > own), level: count(|one, own| one == own) - 1 });
        }
        Ok(places)
    }
}
/// The places found in one set and the number of people in its gallery.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// A place for each probe.
    pub places: Vec<Place>,
    /// People in the gallery.
    pub num_people: usize,
}

impl Placed {
    /// Share of the probes whose person is among the first `rank` people.
    pub fn within(&self, rank: usize) -> f64 {
        self.places.iter().map(|place| place.within(rank)).sum::<f64>() / self.places.len() as f64
    }

    /// As [`within`](Self::within), but `None` where the gallery is so small that everybody is.
    pub fn rank(&self, rank: usize) -> Option<f64> {
        (self.num_people > rank).then(|| self.within(rank))
    }
}

/// Places in every set.
///
/// # Errors
/// As [`Search::places`].
pub fn place_all(searches: &[Search]) -> Result<Vec<Placed>, MetricsError> {
    let place = |search: &Search| Ok(Placed { places: search.places()?, num_people: search.num_people() });
    searches.iter().map(place).collect()
}
