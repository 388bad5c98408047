//! Comparisons between values of any kinds.
//!
//! Values of different kinds are compared as numbers; lists and objects are equal only to
//! themselves. Strings ignore case. Source: "Evaluate expressions in workflows and actions".

use std::cmp::Ordering;
use std::sync::Arc;

use super::ast::BinaryOp;
use super::fold;
use super::value::Value;

pub(super) fn compare(op: BinaryOp, left: &Value, right: &Value) -> bool {
    let order = order(left, right);
    match op {
        BinaryOp::Equal => order == Some(Ordering::Equal),
        BinaryOp::NotEqual => order != Some(Ordering::Equal),
        BinaryOp::Less => order == Some(Ordering::Less),
        BinaryOp::LessEqual => is_ordered_or_same(order, Ordering::Less),
        BinaryOp::Greater => order == Some(Ordering::Greater),
        BinaryOp::GreaterEqual => is_ordered_or_same(order, Ordering::Greater),
    }
}

pub(super) fn equal(left: &Value, right: &Value) -> bool {
    compare(BinaryOp::Equal, left, right)
}

fn is_ordered_or_same(order: Option<Ordering>, wanted: Ordering) -> bool {
    order.is_some_and(|order| order == wanted || order == Ordering::Equal)
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => {
            Some(if fold::equal(a, b) { Ordering::Equal } else { fold::compare(a, b) })
        }
        (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b).then_some(Ordering::Equal),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b).then_some(Ordering::Equal),
        (a, b) => a.to_number().partial_cmp(&b.to_number()),
    }
}
