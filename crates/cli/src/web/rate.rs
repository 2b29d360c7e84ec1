//! How often one client may ask for work: a bucket of leave for each, which fills with time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::{MAX_CLIENTS, RATE_BURST, RATE_PER_SECOND};

/// The address that a request came from, as the socket says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// All clients' buckets; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate(Arc<Mutex<HashMap<IpAddr, Bucket>>>);

/// Leave for so many requests at a time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    leave: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, now: Instant) -> Self {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * RATE_PER_SECOND;
        Self { leave: (self.leave + gained).min(RATE_BURST), at: now }
    }
}

impl Rate {
    /// Takes leave for one request, or says after how many seconds there is some.
    pub(super) fn spend(&self, client: IpAddr, now: Instant) -> Result<(), u16> {
        let client = network(client);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CLIENTS && !buckets.contains_key(&client) {
            make_room(&mut buckets, now);
        }
        let bucket = buckets.entry(client).or_insert(Bucket { leave: RATE_BURST, at: now });
        *bucket = bucket.filled(now);
        if bucket.leave >= 1.0 {
            bucket.leave -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.leave) / RATE_PER_SECOND);
        Err(u16::try_from(wait.as_secs() + 1).unwrap_or(u16::MAX))
    }
}

/// Forgets clients whose buckets are full again, else the one that asked longest ago.
fn make_room(buckets: &mut HashMap<IpAddr, Bucket>, now: Instant) {
    buckets.retain(|_, bucket| bucket.filled(now).leave < RATE_BURST);
    if buckets.len() >= MAX_CLIENTS {
        let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(client, _)| *client);
        oldest.map(|client| buckets.remove(&client));
    }
}

/// Whoever has one IPv6 address has 2^64: they count together.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V6(address) if address.to_ipv4_mapped().is_none() => {
            IpAddr::V6((u128::from(address) >> 64 << 64).into())
        }
        other => other.to_canonical(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_client_waits_after_a_burst_and_others_do_not() {
        let (rate, now) = (Rate::default(), Instant::now());
        let [one, other]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        for _ in 0..RATE_BURST as usize {
            assert_eq!(rate.spend(one, now), Ok(()));
        }
        let wait = rate.spend(one, now).unwrap_err();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(rate.spend(other, now), Ok(()));
        assert_eq!(rate.spend(one, now + Duration::from_secs(wait.into())), Ok(()));
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:1"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }

    #[test]
    fn the_table_stays_small() {
        let (rate, now) = (Rate::default(), Instant::now());
        for number in 0..2 * MAX_CLIENTS as u32 {
            let _ = rate.spend(IpAddr::V4(number.into()), now);
        }
        assert!(rate.0.lock().unwrap().len() <= MAX_CLIENTS);
    }
}
