//! Which feature maps of a plan share memory.

/// Memory that is needed from one time to another, both included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub(super) elements: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Need {
    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Buffers that several needs share, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sharing {
    /// Elements of each buffer.
    pub(super) buffers: Vec<usize>,
    /// The buffer of each need; any for those of no elements.
    pub(super) buffer_of: Vec<usize>,
}

/// Gives each need a buffer that holds nothing else meanwhile. The largest choose first, so that no buffer becomes larger for
/// those that come later: "greedy by size" of Pisarchyk and Lee 2020, <https://arxiv.org/abs/2001.03288>.
pub(super) fn share(needs: &[Need]) -> Sharing {
    let mut by_size: Vec<usize> = (0..needs.len()).filter(|index| needs[*index].elements > 0).collect();
    by_size.sort_by_key(|index| std::cmp::Reverse(needs[*index].elements));
    let mut buffers = Vec::new();
    let mut holders: Vec<Vec<Need>> = Vec::new();
    let mut buffer_of = vec![0; needs.len()];
    for index in by_size {
        let need = needs[index];
        let free = holders.iter().position(|holders| !holders.iter().any(|other| other.overlaps(&need)));
        let buffer = free.unwrap_or_else(|| {
            buffers.push(need.elements);
            holders.push(Vec::new());
            buffers.len() - 1
        });
        holders[buffer].push(need);
        buffer_of[index] = buffer;
    }
    Sharing { buffers, buffer_of }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(elements: usize, first: usize, last: usize) -> Need {
        Need { elements, first, last }
    }

    #[test]
    fn what_is_not_needed_at_the_same_time_shares_memory() {
        // Pictures, features that shrink, what a layer works in, and features that grow again.
        let needs = [need(3, 0, 1), need(32, 1, 2), need(12, 2, 3), need(20, 3, 3), need(6, 3, 4), need(32, 4, 5)];
        assert_eq!(share(&needs), Sharing { buffers: vec![32, 12, 6], buffer_of: vec![1, 0, 1, 0, 2, 0] });
    }

    #[test]
    fn what_is_needed_at_the_same_time_lies_apart() {
        let needs: Vec<Need> = (0..40).map(|index| need(1 + index * 7 % 11, index, index + index % 4)).collect();
        let Sharing { buffers, buffer_of } = share(&needs);
        for (index, (one, buffer)) in needs.iter().zip(&buffer_of).enumerate() {
            assert!(buffers[*buffer] >= one.elements);
            let others = needs.iter().zip(&buffer_of).skip(index + 1);
            let clash = others.filter(|(other, other_buffer)| buffer == *other_buffer && one.overlaps(other)).count();
            assert_eq!(clash, 0, "need {index}");
        }
        // No more than what the busiest time asks for, rounded up to the largest: four needs at once.
        assert!(buffers.iter().sum::<usize>() <= 4 * 11);
    }

    #[test]
    fn what_needs_no_memory_takes_none() {
        let needs = [need(0, 0, 9), need(4, 1, 2), need(0, 2, 2)];
        assert_eq!(share(&needs), Sharing { buffers: vec![4], buffer_of: vec![0, 0, 0] });
    }
}
