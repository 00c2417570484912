//! What the triggers run.

use super::super::attributes::Attribute;
use super::super::kind::{Asked, Wire};
use super::super::quote::{identifier, literal};
use super::{ALL_TRIGGER, ROW_TRIGGER};

/// Each value prints in one way, whatever the writing session's settings are: as exports print.
pub(super) const SETTINGS: [(&str, &str); 6] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("DateStyle", "'ISO, YMD'"),
    ("IntervalStyle", "'postgres'"),
    ("TimeZone", "'UTC'"),
    ("extra_float_digits", "3"),
    ("bytea_output", "'hex'"),
];

/// The function's body. The triggers' arguments are the installation and the table's name: in a
/// partition's trigger too, which has another table's name.
pub(super) fn body(entries: &str, key: &[&Attribute]) -> String {
    let list = |row: &str| key.iter().map(|column| element(row, column)).collect::<Vec<_>>().join(", ");
    let write = |action: &str, key: &str| {
        format!(
            "INSERT INTO {entries} (table_name, action, row_key, own, installed)
            VALUES (TG_ARGV[1], '{action}', {key}, v_own, TG_ARGV[0]);"
        )
    };
    let (before, after) = (list("OLD"), list("NEW"));
    let (all, create) = (write("all", "NULL"), write("create", "v_after"));
    let (update, delete) = (write("update", "v_after"), write("delete", "v_before"));
    format!(
        "#variable_conflict use_variable
-- Made by `trueup history install`; `trueup history remove` takes it away.
DECLARE
    v_own boolean := coalesce(current_setting('trueup.origin', true), '') = 'own' AND pg_trigger_depth() = 1;
    v_before jsonb;
    v_after jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        {all}
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD *= NEW THEN
            RETURN NULL;
        END IF;
    END IF;
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            v_before := jsonb_build_array({before});
        END IF;
        IF TG_OP <> 'DELETE' THEN
            v_after := jsonb_build_array({after});
        END IF;
    EXCEPTION WHEN OTHERS THEN
        {all}
        RETURN NULL;
    END;
    IF v_before = v_after THEN
        {update}
        RETURN NULL;
    END IF;
    IF v_before IS NOT NULL THEN
        {delete}
    END IF;
    IF v_after IS NOT NULL THEN
        {create}
    END IF;
    RETURN NULL;
END"
    )
}

/// A key column's value as text.
fn element(row: &str, column: &Attribute) -> String {
    let value = format!("{row}.{}", identifier(&column.name));
    match column.kind.wire {
        // The backslash without one: how that is read depends on the session.
        Wire::Bytes => format!("chr(92) || 'x' || encode({value}, 'hex')"),
        _ => format!("({})::pg_catalog.text", column.kind.asked.expression(&value)),
    }
}

/// The same value back, as an export has it: `at` counts the key columns of the installation.
pub(super) fn value(row_key: &str, at: usize, column: &Attribute) -> String {
    let text = format!("({row_key} OPERATOR(pg_catalog.->>) {at})");
    match column.kind.asked {
        Asked::Plain => format!("{text}::{}", column.base),
        Asked::Text | Asked::Address => text,
    }
}

/// The statements that make the function and the triggers. `function`, `table`: as SQL.
pub(super) fn statements(function: &str, table: &str, body: &str, arguments: [&str; 2]) -> String {
    let settings: Vec<String> = SETTINGS.iter().map(|(name, value)| format!("SET {name} = {value}")).collect();
    let execute = format!("EXECUTE PROCEDURE {function}({}, {})", literal(arguments[0]), literal(arguments[1]));
    format!(
        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {} AS {};
         REVOKE ALL ON FUNCTION {function}() FROM PUBLIC;
         CREATE TRIGGER {ROW_TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {execute};
         CREATE TRIGGER {ALL_TRIGGER} AFTER TRUNCATE ON {table} FOR EACH STATEMENT {execute};
         ALTER TABLE {table} ENABLE ALWAYS TRIGGER {ROW_TRIGGER}, ENABLE ALWAYS TRIGGER {ALL_TRIGGER}",
        settings.join(" "),
        literal(body)
    )
}
