//! The rules of `nft -j` in the words of the other forms.
//!
//! ```text
//! {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}
//! tcp dport 80
//! ```
//!
//! A statement that is not read here (`xt`, for one, which stands for a module of iptables) becomes
//! its key behind a question mark, and the rule counts as not whole.

use super::expression::operator;
use crate::grammar::json_tree::{Node, Tree};
use crate::text::Text;
use alloc::vec::Vec;

/// The text of a rule so far.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) text: Vec<u8>,
    /// False once something was not understood.
    pub(super) whole: bool,
    /// True while the names of devices are written, which stand in quotes.
    pub(super) quoting: bool,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { text: Vec::new(), whole: true, quoting: false }
    }

    /// The text, and if all of it was understood.
    pub(super) fn finish(self) -> (Text<'static>, bool) {
        (Text::from(self.text), self.whole)
    }

    /// What is asked of elements too: the parts of a key or of data.
    pub(super) fn value(&mut self, node: &Node<'_>, quoting: bool) {
        self.quoting = quoting;
        self.expression(node);
        self.quoting = false;
    }

    pub(super) fn word(&mut self, word: &[u8]) {
        if !self.text.is_empty() {
            self.text.push(b' ');
        }
        self.text.extend_from_slice(word);
    }

    /// The comment of a rule, which stands last.
    pub(super) fn comment(&mut self, text: &[u8]) {
        self.word(b"comment \"");
        self.glue(text);
        self.glue(b"\"");
    }

    pub(super) fn glue(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    pub(super) fn not_understood(&mut self, key: &[u8]) {
        self.whole = false;
        self.word(b"?");
        self.glue(key);
    }

    /// A statement, which is an object of one field.
    pub(super) fn statement(&mut self, node: &Node<'_>) {
        let Some((key, what)) = node.only() else {
            return self.not_understood(b"statement");
        };
        match key.as_bytes() {
            verdict @ (b"accept" | b"drop" | b"return" | b"continue" | b"notrack") => {
                self.word(verdict)
            }
            verb @ (b"jump" | b"goto") => match what.get("target").and_then(Node::text) {
                Some(target) => {
                    self.word(verb);
                    self.word(target.as_bytes());
                }
                None => self.not_understood(verb),
            },
            b"match" => self.comparison(what),
            b"vmap" | b"map" => self.expression(node),
            b"counter" => self.counter(what),
            verb @ (b"dnat" | b"snat" | b"redirect" | b"masquerade") => {
                self.translation(verb, what)
            }
            b"reject" => self.reject(what),
            b"log" => self.log(what),
            b"limit" => self.limit(what),
            b"mangle" => self.mangle(what),
            key => self.not_understood(key),
        }
    }

    /// `LEFT RIGHT`, with the operator where nft prints it.
    fn comparison(&mut self, what: &Node<'_>) {
        let parts = (what.get("op").and_then(Node::text), what.get("left"), what.get("right"));
        let (Some(op), Some(left), Some(right)) = parts else {
            return self.not_understood(b"match");
        };
        self.expression(left);
        let computed = left.only().is_some_and(|(key, _)| operator(key.as_bytes()));
        if computed || !(*op == "==" || *op == "in") {
            self.word(op.as_bytes());
        }
        let meta = left.get("meta").and_then(|meta| meta.get("key")).and_then(Node::text);
        self.quoting = meta.is_some_and(|key| *key == "iifname" || *key == "oifname");
        match (&right.value, left.get("fib")) {
            (Tree::Bool(found), Some(_)) => self.word(if *found { b"exists" } else { b"missing" }),
            _ => self.expression(right),
        }
        self.quoting = false;
    }

    fn counter(&mut self, what: &Node<'_>) {
        self.word(b"counter");
        match &what.value {
            Tree::Null => {}
            Tree::String(name) => {
                self.word(b"name \"");
                self.glue(name.as_bytes());
                self.glue(b"\"");
            }
            _ => self.named_numbers(what, &["packets", "bytes"]),
        }
    }

    fn named_numbers(&mut self, what: &Node<'_>, names: &[&str]) {
        for name in names {
            if let Some(Tree::Number(digits)) = what.get(name).map(|node| &node.value) {
                self.word(name.as_bytes());
                self.word(digits);
            }
        }
    }

    /// `dnat ip to 10.0.0.5:22`, `redirect to :8080`, `masquerade`.
    fn translation(&mut self, verb: &[u8], what: &Node<'_>) {
        self.word(verb);
        if let Some(family) = what.get("family").and_then(Node::text) {
            self.word(family.as_bytes());
        }
        let (address, port) = (what.get("addr"), what.get("port"));
        if address.is_some() || port.is_some() {
            self.word(b"to");
        }
        if let Some(address) = address {
            let bracketed = port.is_some()
                && address.text().is_some_and(|text| text.as_bytes().contains(&b':'));
            if bracketed {
                self.word(b"[");
                self.inner(address);
                self.glue(b"]");
            } else {
                self.expression(address);
            }
        }
        if let Some(port) = port {
            if address.is_none() {
                self.word(b":");
            } else {
                self.glue(b":");
            }
            self.inner(port);
        }
        match what.get("flags").map(|flags| &flags.value) {
            None => {}
            Some(Tree::String(flag)) => self.word(flag.as_bytes()),
            Some(_) => self.not_understood(b"flags"),
        }
    }

    fn reject(&mut self, what: &Node<'_>) {
        self.word(b"reject");
        let Some(kind) = what.get("type").and_then(Node::text) else { return };
        self.word(b"with");
        self.word(kind.as_bytes());
        match what.get("expr") {
            Some(reason) => self.expression(reason),
            None if *kind == "tcp reset" => {}
            None => self.not_understood(b"reject"),
        }
    }

    fn log(&mut self, what: &Node<'_>) {
        self.word(b"log");
        let Tree::Object(fields) = &what.value else { return };
        for (key, value) in fields {
            match (key.as_bytes(), &value.value) {
                (b"prefix", Tree::String(text)) => {
                    self.word(b"prefix \"");
                    self.glue(text.as_bytes());
                    self.glue(b"\"");
                }
                (b"level", Tree::String(level)) => {
                    self.word(b"level");
                    self.word(level.as_bytes());
                }
                (b"group" | b"snaplen" | b"queue-threshold", Tree::Number(digits)) => {
                    self.word(key.as_bytes());
                    self.word(digits);
                }
                (key, _) => self.not_understood(key),
            }
        }
    }

    /// `limit rate 1/second`, with the burst where it is not the usual one of 5 packets.
    fn limit(&mut self, what: &Node<'_>) {
        let parts = (what.get("rate"), what.get("per").and_then(Node::text));
        let (Some(Node { value: Tree::Number(rate), .. }), Some(per)) = parts else {
            return self.not_understood(b"limit");
        };
        if what.get("rate_unit").is_some() {
            return self.not_understood(b"limit");
        }
        self.word(b"limit rate ");
        if what.get("inv").is_some_and(|inv| inv.value == Tree::Bool(true)) {
            self.glue(b"over ");
        }
        self.glue(rate);
        self.glue(b"/");
        self.glue(per.as_bytes());
        if let Some(burst) = what.get("burst").and_then(Node::number)
            && burst != 5
            && burst != 0
        {
            self.named_numbers(what, &["burst"]);
            self.word(b"packets");
        }
    }

    /// `meta mark set 0x001745ec`; a mark is printed in hexadecimal.
    fn mangle(&mut self, what: &Node<'_>) {
        let (Some(key), Some(value)) = (what.get("key"), what.get("value")) else {
            return self.not_understood(b"mangle");
        };
        self.expression(key);
        self.word(b"set");
        let of = key.get("meta").or_else(|| key.get("ct")).and_then(|key| key.get("key"));
        match (of.and_then(Node::text), value.number()) {
            (Some(name), Some(number)) if *name == "mark" => {
                self.word(alloc::format!("0x{number:08x}").as_bytes());
            }
            _ => self.expression(value),
        }
    }
}
