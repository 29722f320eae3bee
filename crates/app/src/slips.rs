//! Reads a table of a settings file by type, and says what is wrong in it as values: which word, and which are known.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        self, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use toml::Value;

/// Why a table cannot be read.
#[derive(Debug)]
pub enum Slip {
    /// A key or a value is none of those that there are.
    Word { word: String, known: &'static [&'static str] },
    /// Anything else, in the words of whoever reads it.
    Other(String),
}

/// A value of a settings file, to be read by type.
pub struct Typed(pub Value);

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slip::Word { word, .. } => f.write_str(word),
            Slip::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Slip {}

impl de::Error for Slip {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Slip::Other(reason.to_string())
    }

    fn unknown_field(word: &str, known: &'static [&'static str]) -> Self {
        Slip::Word { word: word.to_owned(), known }
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Slip::Word { word: word.to_owned(), known }
    }
}

impl IntoDeserializer<'_, Slip> for Typed {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Typed {
    type Error = Slip;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Slip> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(switch) => visitor.visit_bool(switch),
            Value::Datetime(time) => visitor.visit_string(time.to_string()),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Typed))),
            Value::Table(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Typed(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Slip> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Slip> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Slip> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            other => Typed(other).deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
