//! Where in its chain a rule stands.
//!
//! The number before a rule is the handle of the rule that stands right before it *when the line is
//! printed*, be the verb `add` or `insert` (kernel 6.18). All of the transaction is done by then,
//! so that rule may be one that a later line brings:
//!
//! ```text
//! insert rule ip t c handle 7 tcp dport 91 drop # handle 6
//! insert rule ip t c tcp dport 92 drop # handle 7
//! ```
//!
//! The chain begins with 7, then 6. No number stands before the first and the last rule of a chain:
//! the verb tells which of the two it is. Only a rule that was replaced is always `add`ed; it is
//! told by its handle, which is that of the rule which the line before took away.

use super::fold::{Edit, Made, Refused, enter, partly_known_chain};
use super::ruleset::{Chain, Held, Table};
use crate::event::nft::Verb;
use crate::record::checkpoint::nft as listed;
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;

/// A chain by its table and name.
pub(super) type Place<'r> = (&'r listed::TableName<'static>, &'r Text<'static>);

/// A rule that stands behind one which a later line brings.
pub(super) struct Waiting<'r> {
    chain: Place<'r>,
    behind: u64,
    rule: Held<listed::Rule<'static>>,
}

/// Where a rule stood that was taken away.
pub(super) struct Vacated<'r> {
    chain: Place<'r>,
    handle: u64,
    /// Its index.
    at: usize,
}

impl<'r> Edit<'r> {
    pub(super) fn rule(
        &mut self,
        verb: Verb,
        place: Place<'r>,
        behind: Option<u64>,
        rule: &listed::Rule<'static>,
    ) -> Made {
        let vacated = self.vacated.take().filter(|vacated| vacated.chain == place);
        let rule = Held { what: rule.clone(), since: self.by };
        let (chain, _) = self.chain_of(place)?;
        let nameless = rule.what.handle.is_none();
        let numbered = !nameless && chain.rules.iter().all(|rule| rule.what.handle.is_some());
        let at = match (behind, &vacated) {
            (_, Some(vacated)) if rule.what.handle == Some(vacated.handle) => vacated.at,
            (Some(behind), _) => {
                let there = chain.rules.iter().position(|rule| rule.what.handle == Some(behind));
                match there {
                    Some(there) => there.saturating_add(1),
                    None if numbered && chain.unknown.is_none() => {
                        self.waiting.push(Waiting { chain: place, behind, rule });
                        return Ok(());
                    }
                    None => {
                        chain.shuffled = true;
                        chain.rules.len()
                    }
                }
            }
            (None, vacated) => {
                // Without handles the one that was replaced and the last one look the same.
                chain.shuffled |= nameless && vacated.is_some() && !chain.rules.is_empty();
                if verb == Verb::Insert { 0 } else { chain.rules.len() }
            }
        };
        self.put(place, at, rule)
    }

    /// Puts a rule at its place, and behind it the rules that waited for it.
    fn put(&mut self, place: Place<'r>, at: usize, rule: Held<listed::Rule<'static>>) -> Made {
        let (mut at, mut rule) = (at, rule);
        loop {
            let handle = rule.what.handle;
            let (by, most) = (self.by, self.most);
            let (chain, held) = self.chain_of(place)?;
            if *held >= most {
                chain.unknown = Some(Unknown::since(UnknownReason::Limit, by));
                return Err(Refused::NoRoom);
            }
            *held = held.saturating_add(1);
            chain.rules.insert(at.min(chain.rules.len()), rule);
            let follows = self
                .waiting
                .iter()
                .position(|waiting| waiting.chain == place && handle == Some(waiting.behind));
            let Some(follows) = follows else { return Ok(()) };
            rule = self.waiting.remove(follows).rule;
            at = at.saturating_add(1);
        }
    }

    pub(super) fn delete_rule(&mut self, place: Place<'r>, handle: u64) -> Made {
        if let Some(waits) = self
            .waiting
            .iter()
            .position(|waiting| waiting.chain == place && waiting.rule.what.handle == Some(handle))
        {
            let gone = self.waiting.remove(waits).behind;
            for waiting in &mut self.waiting {
                if waiting.chain == place && waiting.behind == handle {
                    waiting.behind = gone;
                }
            }
            return Ok(());
        }
        let (chain, held) = self.chain_of(place)?;
        let at = chain.rules.iter().position(|rule| rule.what.handle == Some(handle));
        if let Some(at) = at {
            chain.rules.remove(at);
            chain.shuffled &= !chain.rules.is_empty();
            *held = held.saturating_sub(1);
            self.vacated = Some(Vacated { chain: place, handle, at });
            return Ok(());
        }
        let nameless = chain.rules.iter().filter(|rule| rule.what.handle.is_none()).count();
        if nameless == 0 {
            return if chain.unknown.is_some() { Ok(()) } else { Err(Refused::Contradiction) };
        }
        // One of the rules whose handle was never shown, or one that is not known at all.
        chain.gone = chain.gone.saturating_add(1);
        if chain.gone >= nameless || chain.unknown.is_some() {
            chain.rules.retain(|rule| rule.what.handle.is_some());
            chain.shuffled &= !chain.rules.is_empty();
            chain.gone = 0;
            *held = held.saturating_sub(nameless);
        }
        self.vacated = Some(Vacated { chain: place, handle, at: 0 });
        Ok(())
    }

    /// The chain in which something changes, and how many parts are held.
    fn chain_of(&mut self, (table, name): Place<'_>) -> Result<(&mut Chain, &mut usize), Refused> {
        let (by, most) = (self.by, self.most);
        let (table, held) = self.in_table(table)?;
        let Table { chains, unknown, .. } = table;
        let chain = enter(chains, name.clone(), unknown, (held, most, by), partly_known_chain)?;
        Ok((chain, held))
    }
}
