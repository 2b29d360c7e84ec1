//! Names for people who do not exist.

use crate::synthetic::identity::spread;

const FEMININE: [&str; 60] = [
    "Ada",
    "Agnieszka",
    "Aiko",
    "Alma",
    "Amélie",
    "Anaïs",
    "Anja",
    "Åsa",
    "Beatriz",
    "Björk",
    "Carmen",
    "Chloé",
    "Clara",
    "Dagny",
    "Dolores",
    "Edda",
    "Elif",
    "Elin",
    "Emma",
    "Esmé",
    "Farah",
    "Femke",
    "Fiona",
    "Freya",
    "Gudrun",
    "Hana",
    "Hélène",
    "Ida",
    "Ingrid",
    "Irène",
    "Jana",
    "Johanna",
    "Juno",
    "Kaja",
    "Karin",
    "Laleh",
    "Leïla",
    "Linnéa",
    "Lucía",
    "Maeve",
    "Margit",
    "Mei",
    "Mirjam",
    "Naima",
    "Nina",
    "Nora",
    "Odile",
    "Paloma",
    "Priya",
    "Renée",
    "Rosa",
    "Saoirse",
    "Sofía",
    "Solveig",
    "Thea",
    "Tuuli",
    "Ulrike",
    "Vera",
    "Yasmin",
    "Zoë",
];

const MASCULINE: [&str; 60] = [
    "Aarón", "Abel", "Adrián", "Amir", "Anders", "André", "Arjun", "Björn", "Bruno", "Cem", "Cormac", "Dario",
    "Dmitri", "Edvard", "Emil", "Enzo", "Étienne", "Ewan", "Fábio", "Felix", "Gaël", "Georg", "Gus", "Håkon", "Henrik",
    "Hugo", "Ilja", "Ivo", "Jakob", "Jean", "João", "Jonas", "José", "Jürgen", "Kenji", "Konrad", "Lars", "László",
    "Luís", "Łukasz", "Mads", "Marek", "Mateo", "Nils", "Oskar", "Otto", "Paweł", "Per", "Quentin", "Raúl", "René",
    "Rolf", "Samir", "Søren", "Tadeusz", "Théo", "Tomáš", "Umar", "Viktor", "Wim",
];

const FAMILY: [&str; 100] = [
    "Abrahamsen",
    "Adeyemi",
    "Aguilar",
    "Ahlgren",
    "Almeida",
    "Andersson",
    "Aoki",
    "Baptiste",
    "Barros",
    "Beaumont",
    "Bergström",
    "Bianchi",
    "Böhm",
    "Brandt",
    "Brennan",
    "Carvalho",
    "Castellano",
    "Chaudhry",
    "Côté",
    "Dahl",
    "De La Torre",
    "Demir",
    "Dubois",
    "Dvořák",
    "Eklund",
    "Eriksen",
    "Falk",
    "Fernández",
    "Fischer",
    "Fonseca",
    "Gallagher",
    "García",
    "Gauthier",
    "Grönholm",
    "Haddad",
    "Halvorsen",
    "Hartmann",
    "Hernández",
    "Hoffmann",
    "Holm",
    "Horvat",
    "Ibáñez",
    "Ivanov",
    "Jansen",
    "Jørgensen",
    "Kamara",
    "Kaplan",
    "Karlsson",
    "Khoury",
    "Kimura",
    "Kovács",
    "Kowalski",
    "Kruse",
    "Lacroix",
    "Lefèvre",
    "Lindqvist",
    "Lombardi",
    "Lund",
    "Mäkinen",
    "Marchetti",
    "Marsh",
    "Martínez",
    "Mensah",
    "Moreau",
    "Müller",
    "Nakamura",
    "Navarro",
    "Nguyen",
    "Novák",
    "Núñez",
    "Nyström",
    "O'Connor",
    "Okafor",
    "Olsen",
    "Ortega",
    "Østergaard",
    "Papadakis",
    "Peck",
    "Petrov",
    "Quill",
    "Ramírez",
    "Rasmussen",
    "Romero",
    "Rossi",
    "Sánchez",
    "Schäfer",
    "Silva",
    "Singh",
    "Söderberg",
    "Tanaka",
    "Thorne",
    "Van Aster",
    "Van Der Meer",
    "Vasquez",
    "Virtanen",
    "Wójcik",
    "Yılmaz",
    "Zhang",
    "Zieliński",
    "Zubiri",
];

/// Number of different names for each kind of first name.
pub(crate) const NAME_COUNT: u64 = (FEMININE.len() * FAMILY.len()) as u64;

/// The name of person `number` of a seed; no two numbers below [`NAME_COUNT`] have the same one.
pub(crate) fn name(seed: u64, number: u64, masculinity: f32) -> String {
    // Multiplying by a number without common factors visits every combination once.
    const STEP: u64 = 3907;
    let place = (number % NAME_COUNT * STEP + spread(seed, 0x4A3E) % NAME_COUNT) % NAME_COUNT;
    let (first, family) = ((place / FAMILY.len() as u64) as usize, (place % FAMILY.len() as u64) as usize);
    let first = if masculinity > 0.0 { MASCULINE[first] } else { FEMININE[first] };
    format!("{first} {}", FAMILY[family])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_different_and_some_are_neither_plain_nor_short() {
        let names: HashSet<String> =
            (0..NAME_COUNT).map(|number| name(3, number, if number % 3 == 0 { 1.0 } else { -1.0 })).collect();
        assert_eq!(names.len() as u64, NAME_COUNT);
        assert!(names.iter().any(|name| !name.is_ascii()) && names.iter().any(|name| name.split(' ').count() > 2));
        // The original's tools stumble over parts of one letter, and files cannot hold separators.
        assert!(names.iter().all(|name| name.split(' ').all(|part| part.chars().count() > 1) && !name.contains('/')));
    }
}
