//! Expressions of `nft -j` in the words of the other forms: what a rule compares, computes and
//! looks up.
//!
//! ```text
//! {"concat": [{"payload": {"protocol": "ip", "field": "daddr"}}, {"meta": {"key": "l4proto"}}]}
//! ip daddr . meta l4proto
//! ```

use super::statement::Words;
use crate::grammar::json_tree::{Node, Tree};

impl Words {
    /// An expression that is glued to what stands before it.
    pub(super) fn inner(&mut self, node: &Node<'_>) {
        let mut words = Self { quoting: self.quoting, ..Self::new() };
        words.expression(node);
        self.whole &= words.whole;
        self.glue(&words.text);
    }

    pub(super) fn expression(&mut self, node: &Node<'_>) {
        match &node.value {
            Tree::String(text) if self.quoting && !text.as_bytes().starts_with(b"@") => {
                self.word(b"\"");
                self.glue(text.as_bytes());
                self.glue(b"\"");
            }
            Tree::String(text) => self.word(text.as_bytes()),
            Tree::Number(digits) => self.word(digits),
            Tree::Array(items) => self.list(items, b",", true),
            Tree::Object(_) => match node.only() {
                Some((key, what)) => self.operation(key.as_bytes(), what),
                None => self.not_understood(b"expression"),
            },
            Tree::Bool(_) | Tree::Null => self.not_understood(b"expression"),
        }
    }

    fn list(&mut self, items: &[Node<'_>], between: &[u8], glued: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                if glued {
                    self.glue(between);
                } else {
                    self.word(between);
                }
            }
            self.expression(item);
        }
    }

    fn operation(&mut self, key: &[u8], what: &Node<'_>) {
        match key {
            b"payload" => self.payload(what),
            b"meta" => self.meta(what),
            b"ct" => self.fields(key, what, &["dir", "family", "key"]),
            b"fib" => self.fib(what),
            b"numgen" => self.numgen(what),
            b"concat" => self.list(what.items().unwrap_or_default(), b".", false),
            b"set" => self.set(what),
            b"range" => self.pair(what, b"-"),
            b"prefix" => match (what.get("addr"), what.get("len")) {
                (Some(address), Some(length)) => {
                    self.expression(address);
                    self.glue(b"/");
                    self.inner(length);
                }
                _ => self.not_understood(key),
            },
            b"map" | b"vmap" => match (what.get("key"), what.get("data")) {
                (Some(from), Some(data)) => {
                    self.expression(from);
                    self.word(key);
                    self.expression(data);
                }
                _ => self.not_understood(key),
            },
            b"elem" => match what.get("val") {
                Some(value) => self.expression(value),
                None => self.not_understood(key),
            },
            b"accept" | b"drop" | b"return" | b"continue" => self.word(key),
            b"jump" | b"goto" => self.fields(key, what, &["target"]),
            key if operator(key) => self.computed(key, what.items().unwrap_or_default()),
            key => self.not_understood(key),
        }
    }

    fn pair(&mut self, what: &Node<'_>, between: &[u8]) {
        match what.items() {
            Some([first, last]) => {
                self.expression(first);
                self.glue(between);
                self.inner(last);
            }
            _ => self.not_understood(b"range"),
        }
    }

    /// `ct status & (snat | dnat) | snat`: what stands on the right is bracketed.
    fn computed(&mut self, sign: &[u8], items: &[Node<'_>]) {
        let Some((first, others)) = items.split_first() else {
            return self.not_understood(sign);
        };
        self.expression(first);
        for item in others {
            self.word(sign);
            if item.only().is_some_and(|(key, _)| operator(key.as_bytes())) {
                self.word(b"(");
                self.inner(item);
                self.glue(b")");
            } else {
                self.expression(item);
            }
        }
    }

    fn payload(&mut self, what: &Node<'_>) {
        let text = |key| what.get(key).and_then(Node::text);
        match (text("protocol"), text("field"), text("base")) {
            (Some(protocol), Some(field), _) => {
                self.word(protocol.as_bytes());
                self.word(field.as_bytes());
            }
            (_, _, Some(base)) => match (what.get("offset"), what.get("len")) {
                (Some(offset), Some(length)) => {
                    self.word(b"@");
                    self.glue(base.as_bytes());
                    self.glue(b",");
                    self.inner(offset);
                    self.glue(b",");
                    self.inner(length);
                }
                _ => self.not_understood(b"payload"),
            },
            _ => self.not_understood(b"payload"),
        }
    }

    /// `meta l4proto`, but `iifname` alone.
    fn meta(&mut self, what: &Node<'_>) {
        let Some(key) = what.get("key").and_then(Node::text) else {
            return self.not_understood(b"meta");
        };
        let alone = [&b"iif"[..], b"oif", b"iifname", b"oifname", b"iifgroup", b"oifgroup"];
        if !alone.contains(&key.as_bytes()) {
            self.word(b"meta");
        }
        self.word(key.as_bytes());
    }

    fn fields(&mut self, word: &[u8], what: &Node<'_>, keys: &[&str]) {
        self.word(word);
        for key in keys {
            if let Some(text) = what.get(key).and_then(Node::text) {
                self.word(text.as_bytes());
            }
        }
    }

    /// `fib saddr . mark . iif oif`
    fn fib(&mut self, what: &Node<'_>) {
        let (flags, result) = (what.get("flags"), what.get("result"));
        let (Some(flags), Some(result)) = (flags.and_then(Node::items), result) else {
            return self.not_understood(b"fib");
        };
        self.word(b"fib");
        self.list(flags, b".", false);
        self.expression(result);
    }

    /// `numgen random mod 2`
    fn numgen(&mut self, what: &Node<'_>) {
        let (mode, modulus) = (what.get("mode"), what.get("mod"));
        let (Some(mode), Some(modulus)) = (mode, modulus) else {
            return self.not_understood(b"numgen");
        };
        self.word(b"numgen");
        self.expression(mode);
        self.word(b"mod");
        self.expression(modulus);
        if let Some(offset) = what.get("offset")
            && offset.number() != Some(0)
        {
            self.word(b"offset");
            self.expression(offset);
        }
    }

    /// `{ tcp, udp }`, `{ 0 : 10.42.0.20 . 9001 }`
    fn set(&mut self, what: &Node<'_>) {
        // A set of one value may be the value itself.
        let one = core::slice::from_ref(what);
        self.word(b"{");
        for (index, item) in what.items().unwrap_or(one).iter().enumerate() {
            if index > 0 {
                self.glue(b",");
            }
            match item.items() {
                Some([key, data]) => {
                    self.expression(key);
                    self.word(b":");
                    self.expression(data);
                }
                _ => self.expression(item),
            }
        }
        self.word(b"}");
    }
}

/// True for an operator on numbers.
pub(super) fn operator(key: &[u8]) -> bool {
    matches!(key, b"|" | b"&" | b"^" | b"<<" | b">>")
}
