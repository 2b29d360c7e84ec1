//! Who is who: pictures under another person's name, and one person under two names. What a picture shows comes as plain numbers
//! from whoever can see faces.

use rayon::prelude::*;

use crate::dataset::{Dataset, Entry, Person, Problem, ProblemKind};
use crate::detect::FaceBox;
use crate::domain::Domain;

use super::plausibility::cut_off;

/// Above this similarity two faces may be one person's: the built-in recogniser's (`docs/models/likeness.md`).
pub const ALIKE: f32 = 0.47;
/// A photo is another person's if it is more alike to theirs by so much. Of 72 photos of 18 synthetic people none comes nearer than 0.04 below
/// (`dataset synth`, the built-in recogniser, 2026-11-30). Of 1,014 real photos of 381 people none was told falsely, and 220 of 220 that
/// were put under another name were found; so they were with 0.05 and 0.2.
pub(super) const MORE_ALIKE: f32 = 0.15;
/// Two names are one person's if the photos of both are as alike as the photos of each, but for so little. The nearest two of the synthetic
/// people are 0.12 below. Of 31 real people with four photos, halved under two names in all three ways, 87 of 93 were found, 79 with 0.03; of
/// 72,390 pairs of real people one was told falsely, with 0.12 three.
pub(super) const AS_ALIKE: f32 = 0.10;

/// What was seen of a picture of a dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The embedding of its face, of any length but 0; `None` where no face was found.
    pub embedding: Option<Vec<f32>>,
    /// The face where it was found, from the forehead to the chin; `None` where it was not looked for.
    pub face: Option<FaceBox>,
    /// Width and height of the picture.
    pub size: [usize; 2],
}

/// What is wrong with who is shown. `seen` has an entry for each of the dataset's, in its order; `None` for pictures that could not be
/// read, of which [`check`](super::check) tells. Names are compared by their photos: drawings are exaggerated.
pub fn check_people(dataset: &Dataset, seen: &[Option<Seen>]) -> Vec<Problem> {
    let entries: Vec<(&Person, &Entry)> = dataset.entries().collect();
    let mut problems = Vec::new();
    for ((person, entry), seen) in entries.iter().zip(seen) {
        let mut tell = |kind, detail| problems.push(Problem { picture: person.label(entry), kind, detail });
        match seen {
            Some(Seen { embedding: None, .. }) => tell(ProblemKind::NoFace, "no face was found".to_owned()),
            Some(Seen { face: Some(FaceBox { x, y, width, height }), size, .. }) => {
                if let Some(detail) = cut_off([[*x, *y], [x + width, y + height]], *size) {
                    tell(ProblemKind::FaceCutOff, detail);
                }
            }
            _ => {}
        }
    }
    let people = faces_of_people(dataset, seen);
    problems.extend(wrong_names(dataset, &people));
    problems.extend(double_names(dataset, &people));
    problems
}

/// The faces on a person's photos.
#[derive(Debug)]
struct Faces<'a> {
    /// Directions: embeddings of length 1.
    photos: Vec<(&'a Entry, Vec<f32>)>,
    /// The sum of the directions.
    sum: Vec<f32>,
}

impl Faces<'_> {
    /// The mean similarity of a direction to all photos, or to all but one of them.
    fn similarity(&self, direction: &[f32], without: Option<&[f32]>) -> Option<f32> {
        let count = self.photos.len() - usize::from(without.is_some());
        let own = without.map_or(0.0, |without| dot(direction, without));
        (count > 0).then(|| (dot(direction, &self.sum) - own) / count as f32)
    }

    /// The mean similarity of its photos to each other.
    fn within(&self) -> Option<f32> {
        let count = self.photos.len() as f32;
        (self.photos.len() > 1).then(|| (dot(&self.sum, &self.sum) - count) / (count * (count - 1.0)))
    }

    fn between(&self, other: &Self) -> f32 {
        dot(&self.sum, &other.sum) / (self.photos.len() * other.photos.len()) as f32
    }
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The faces of each person, in the dataset's order.
fn faces_of_people<'a>(dataset: &'a Dataset, seen: &[Option<Seen>]) -> Vec<Faces<'a>> {
    let mut seen = seen.iter();
    let of_person = |person: &'a Person| {
        let found = person.pictures.iter().zip(seen.by_ref()).filter_map(|(entry, seen)| {
            let embedding = seen.as_ref()?.embedding.as_ref()?;
            let length = dot(embedding, embedding).sqrt();
            let direction = embedding.iter().map(|value| value / length).collect::<Vec<_>>();
            (entry.domain == Domain::Photo && length.is_finite() && length > 0.0).then_some((entry, direction))
        });
        let photos: Vec<(&Entry, Vec<f32>)> = found.collect();
        let mut sum = photos.first().map(|(_, direction)| vec![0.0; direction.len()]).unwrap_or_default();
        for (_, direction) in &photos {
            sum.iter_mut().zip(direction).for_each(|(sum, value)| *sum += value);
        }
        Faces { photos, sum }
    };
    dataset.people.iter().map(of_person).collect()
}

/// Photos that are more alike to another person's than to the others of their own.
fn wrong_names(dataset: &Dataset, people: &[Faces<'_>]) -> Vec<Problem> {
    let of_photo = |place: usize, entry: &Entry, direction: &[f32]| {
        let own = people[place].similarity(direction, Some(direction))?;
        let others = people.iter().enumerate().filter(|(other, _)| *other != place);
        let similarities = others.filter_map(|(other, faces)| Some((other, faces.similarity(direction, None)?)));
        let (other, most) = similarities.max_by(|one, other| one.1.total_cmp(&other.1))?;
        let [person, other] = [place, other].map(|place| &dataset.people[place]);
        (most > ALIKE && most > own + MORE_ALIKE).then(|| Problem {
            picture: person.label(entry),
            kind: ProblemKind::OtherPerson,
            detail: format!(
                "more alike to the photos of {} (similarity {most:.2}) than to the others of {} ({own:.2})",
                other.name, person.name
            ),
        })
    };
    let of_person = |place: usize| -> Vec<Problem> {
        people[place].photos.iter().filter_map(|(entry, direction)| of_photo(place, entry, direction)).collect()
    };
    (0..people.len()).into_par_iter().flat_map_iter(of_person).collect()
}

/// Pairs of names whose photos are as alike as the photos of each.
fn double_names(dataset: &Dataset, people: &[Faces<'_>]) -> Vec<Problem> {
    let within: Vec<Option<f32>> = people.iter().map(Faces::within).collect();
    let of_pair = |place: usize, other: usize| {
        let (own, others) = (within[place]?, within[other]?);
        let between = people[place].between(&people[other]);
        let [name, other] = [place, other].map(|place| &dataset.people[place].name);
        (between > ALIKE && between > own.min(others) - AS_ALIKE).then(|| Problem {
            picture: name.clone(),
            kind: ProblemKind::SamePerson,
            detail: format!(
                "{name} and {other} may be one person: their photos are as alike ({between:.2}) as those of each ({own:.2}, {others:.2})"
            ),
        })
    };
    let of_person = |place: usize| -> Vec<Problem> {
        (place + 1..people.len()).filter_map(|other| of_pair(place, other)).collect()
    };
    (0..people.len()).into_par_iter().flat_map_iter(of_person).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dataset::Layout;
    use crate::mersenne::MersenneTwister;

    /// People with some photos each, and what is seen of them: directions around one for each person.
    fn people(counts: &[usize]) -> (Dataset, Vec<Option<Seen>>) {
        let mut random = MersenneTwister::new(5);
        let mut seen = Vec::new();
        let mut people = Vec::new();
        for (number, count) in counts.iter().enumerate() {
            let base: Vec<f64> = (0..64).map(|_| random.uniform() - 0.5).collect();
            let entry = |index: usize| Entry {
                name: format!("P{index}"),
                domain: Domain::Photo,
                picture: format!("{number}/{index}.png").into(),
                landmarks: None,
            };
            people.push(Person { name: format!("person {number}"), pictures: (0..*count).map(entry).collect() });
            for _ in 0..*count {
                let embedding = base.iter().map(|value| (value + 0.4 * (random.uniform() - 0.5)) as f32).collect();
                seen.push(Some(Seen { embedding: Some(embedding), face: None, size: [100, 100] }));
            }
        }
        let dataset = Dataset {
            root: ".".into(),
            layout: Layout::People,
            people,
            protocols: None,
            owners: BTreeMap::new(),
            remarks: Vec::new(),
            problems: Vec::new(),
        };
        (dataset, seen)
    }

    #[test]
    fn people_under_their_own_names_are_no_problem() {
        let (dataset, seen) = people(&[4, 5, 1, 3, 2]);
        assert!(check_people(&dataset, &seen).is_empty());
    }

    #[test]
    fn a_photo_under_another_name_is_found() {
        let (dataset, mut seen) = people(&[4, 5, 4]);
        // The third photo of the second person shows the first one.
        seen[6] = seen[1].clone();
        let found = check_people(&dataset, &seen);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].picture.as_str(), found[0].kind), ("person 1/P2", ProblemKind::OtherPerson));
        assert!(found[0].detail.contains("person 0"), "{found:?}");
    }

    #[test]
    fn one_person_under_two_names_is_found() {
        let (dataset, mut seen) = people(&[6, 5, 3]);
        // The last three of the first person's photos stand under the third name.
        let (one, other) = (seen[..3].to_vec(), seen[3..6].to_vec());
        seen[3..6].clone_from_slice(&one);
        seen[11..14].clone_from_slice(&other);
        let found = check_people(&dataset, &seen);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].picture.as_str(), found[0].kind), ("person 0", ProblemKind::SamePerson));
        assert!(found[0].detail.contains("person 2"), "{found:?}");
    }

    #[test]
    fn pictures_without_a_face_and_faces_at_the_edge_are_told() {
        let (dataset, mut seen) = people(&[3, 3]);
        seen[1] = Some(Seen { embedding: None, face: None, size: [100, 100] });
        seen[2] = None;
        if let Some(seen) = &mut seen[4] {
            seen.face = Some(FaceBox { x: 20.0, y: -3.0, width: 60.0, height: 80.0 });
        }
        let kinds: Vec<(String, ProblemKind)> =
            check_people(&dataset, &seen).into_iter().map(|problem| (problem.picture, problem.kind)).collect();
        let expected =
            [("person 0/P1".to_owned(), ProblemKind::NoFace), ("person 1/P1".to_owned(), ProblemKind::FaceCutOff)];
        assert_eq!(kinds, expected);
    }
}
