//! Isolation forest: points that random cuts separate from the rest after few cuts are outliers.
//!
//! Liu, Ting and Zhou 2008, "Isolation forest"; scores as in its equations 1 and 2.

use crate::mersenne::MersenneTwister;
use crate::transform::Point;

/// Trees of the forest, as in the paper.
const TREES: usize = 100;
/// Points each tree is grown from, as in the paper.
const SAMPLE: usize = 256;

enum Node {
    Leaf { points: usize },
    Cut { axis: usize, value: f64, below: Box<Node>, above: Box<Node> },
}

/// How easily each point is separated from the others: near 1 for outliers, at most about 0.5 for ordinary points.
pub fn scores(points: &[Point], seed: u32) -> Vec<f64> {
    let mut random = MersenneTwister::new(seed);
    let sample = SAMPLE.min(points.len());
    let height = (sample.max(2) as f64).log2().ceil() as usize;
    let forest: Vec<Node> = (0..TREES)
        .map(|_| {
            let mut chosen = draw(points, sample, &mut random);
            grow(&mut chosen, height, &mut random)
        })
        .collect();
    let usual = mean_path(sample);
    let score = |point: &Point| {
        let depth = forest.iter().map(|tree| path_length(tree, point)).sum::<f64>() / TREES as f64;
        if usual > 0.0 { 2.0_f64.powf(-depth / usual) } else { 0.5 }
    };
    points.iter().map(score).collect()
}

/// Some of the points, none twice.
fn draw(points: &[Point], count: usize, random: &mut MersenneTwister) -> Vec<Point> {
    let mut places: Vec<usize> = (0..points.len()).collect();
    for index in 0..count {
        let other = index + random.below((places.len() - index) as u32) as usize;
        places.swap(index, other);
    }
    places[..count].iter().map(|&place| points[place]).collect()
}

fn grow(points: &mut [Point], height: usize, random: &mut MersenneTwister) -> Node {
    let count = points.len();
    if height == 0 || count <= 1 {
        return Node::Leaf { points: count };
    }
    let first_axis = random.below(2) as usize;
    for axis in [first_axis, 1 - first_axis] {
        let values = points.iter().map(|point| point[axis]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low < high {
            let value = low + (high - low) * random.uniform();
            points.sort_by(|a, b| a[axis].total_cmp(&b[axis]));
            let middle = points.partition_point(|point| point[axis] < value);
            let (below, above) = points.split_at_mut(middle);
            let below = Box::new(grow(below, height - 1, random));
            return Node::Cut { axis, value, below, above: Box::new(grow(above, height - 1, random)) };
        }
    }
    Node::Leaf { points: count } // all in one place
}

fn path_length(mut node: &Node, point: &Point) -> f64 {
    let mut depth = 0.0;
    loop {
        match node {
            Node::Leaf { points } => return depth + mean_path(*points),
            Node::Cut { axis, value, below, above } => {
                node = if point[*axis] < *value { below } else { above };
                depth += 1.0;
            }
        }
    }
}

/// Mean depth at which a random binary search tree of `count` points ends.
fn mean_path(count: usize) -> f64 {
    match count {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let others = count as f64 - 1.0;
            const EULER: f64 = 0.577_215_664_901_532_9;
            2.0 * (others.ln() + EULER) - 2.0 * others / count as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_points_score_highest() {
        let mut random = MersenneTwister::new(5);
        let mut points: Vec<Point> = (0..400).map(|_| [random.uniform(), random.uniform()]).collect();
        points.extend([[9.0, 9.0], [-7.0, 0.5], [0.5, 12.0]]);
        let scores = scores(&points, 1);
        let highest_ordinary = scores[..400].iter().copied().fold(0.0, f64::max);
        assert!(scores[400..].iter().all(|&score| score > highest_ordinary && score > 0.6), "{:?}", &scores[400..]);
    }

    #[test]
    fn equal_points_are_alike() {
        let found = scores(&[[1.0, 2.0]; 10], 1);
        assert!(found.iter().all(|score| (score - found[0]).abs() < 1e-12));
        assert_eq!(scores(&[], 1), Vec::<f64>::new());
    }
}
