//! A condition in SQL, as a person writes it, to an expression of DataFusion's.
//!
//! DataFusion can read SQL itself, with a second SQL parser and a planner for whole queries that
//! make up a sixth of a first build. A condition needs neither: ConnectorX's parser is there
//! already, and what can stand in a condition is little.

use arrow::compute::kernels::cast_utils::parse_interval_month_day_nano;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue};
use datafusion::logical_expr::expr::{Between, Case, Like};
use datafusion::logical_expr::{Expr, Operator, binary_expr, cast, in_list, lit, not, try_cast};
use datafusion::prelude::SessionContext;
use sqlparser::ast::{self, BinaryOperator, Expr as Sql, FunctionArg, FunctionArgExpr, UnaryOperator, Value};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// Reads a condition over these columns.
///
/// # Errors
/// In words, if it is no expression, names a column or function that is not there, or uses a part
/// of SQL that conditions on files don't know.
pub fn read(sql: &str, schema: &DFSchema, context: &SessionContext) -> Result<Expr, String> {
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(sql).map_err(plain)?;
    let parsed = parser.parse_expr().map_err(plain)?;
    match parser.peek_token().token {
        Token::EOF => Reader { schema, context }.expression(&parsed),
        more => Err(format!("`{more}` is not expected after `{parsed}`")),
    }
}

fn plain(error: sqlparser::parser::ParserError) -> String {
    use sqlparser::parser::ParserError as E;
    match error {
        E::TokenizerError(why) | E::ParserError(why) => why,
        E::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
    }
}

struct Reader<'a> {
    schema: &'a DFSchema,
    context: &'a SessionContext,
}

impl Reader<'_> {
    fn expression(&self, sql: &Sql) -> Result<Expr, String> {
        let boxed = |sql: &Sql| self.expression(sql).map(Box::new);
        Ok(match sql {
            Sql::Nested(inner) => self.expression(inner)?,
            Sql::Identifier(name) => self.column(&name.value)?,
            Sql::CompoundIdentifier(names) => self.compound(names)?,
            Sql::Value(value) => literal(value)?,
            Sql::TypedString { data_type, value } => cast(lit(value.as_str()), arrow_type(data_type)?),
            Sql::Interval(interval) => self.interval(interval)?,
            Sql::BinaryOp { left, op, right } => {
                binary_expr(self.expression(left)?, operator(op)?, self.expression(right)?)
            }
            Sql::UnaryOp { op: UnaryOperator::Not, expr } => not(self.expression(expr)?),
            Sql::UnaryOp { op: UnaryOperator::Minus, expr } => Expr::Negative(boxed(expr)?),
            Sql::UnaryOp { op: UnaryOperator::Plus, expr } => self.expression(expr)?,
            Sql::IsNull(e) => self.expression(e)?.is_null(),
            Sql::IsNotNull(e) => self.expression(e)?.is_not_null(),
            Sql::IsTrue(e) => self.expression(e)?.is_true(),
            Sql::IsNotTrue(e) => self.expression(e)?.is_not_true(),
            Sql::IsFalse(e) => self.expression(e)?.is_false(),
            Sql::IsNotFalse(e) => self.expression(e)?.is_not_false(),
            Sql::IsUnknown(e) => self.expression(e)?.is_unknown(),
            Sql::IsNotUnknown(e) => self.expression(e)?.is_not_unknown(),
            Sql::IsDistinctFrom(l, r) => {
                binary_expr(self.expression(l)?, Operator::IsDistinctFrom, self.expression(r)?)
            }
            Sql::IsNotDistinctFrom(l, r) => {
                binary_expr(self.expression(l)?, Operator::IsNotDistinctFrom, self.expression(r)?)
            }
            Sql::InList { expr, list, negated } => {
                let list = list.iter().map(|e| self.expression(e)).collect::<Result<_, _>>()?;
                in_list(self.expression(expr)?, list, *negated)
            }
            Sql::Between { expr, negated, low, high } => {
                Expr::Between(Between::new(boxed(expr)?, *negated, boxed(low)?, boxed(high)?))
            }
            Sql::Like { negated, expr, pattern, escape_char } => {
                Expr::Like(Like::new(*negated, boxed(expr)?, boxed(pattern)?, *escape_char, false))
            }
            Sql::ILike { negated, expr, pattern, escape_char } => {
                Expr::Like(Like::new(*negated, boxed(expr)?, boxed(pattern)?, *escape_char, true))
            }
            Sql::Case { operand, conditions, results, else_result } => {
                let arms = conditions.iter().zip(results).map(|(when, then)| Ok((boxed(when)?, boxed(then)?)));
                Expr::Case(Case::new(
                    operand.as_deref().map(boxed).transpose()?,
                    arms.collect::<Result<_, String>>()?,
                    else_result.as_deref().map(boxed).transpose()?,
                ))
            }
            Sql::Cast { expr, data_type } => cast(self.expression(expr)?, arrow_type(data_type)?),
            Sql::TryCast { expr, data_type } | Sql::SafeCast { expr, data_type } => {
                try_cast(self.expression(expr)?, arrow_type(data_type)?)
            }
            Sql::Extract { field, expr } => {
                self.call("date_part", vec![lit(field.to_string().to_lowercase()), self.expression(expr)?])?
            }
            Sql::Position { expr, r#in } => {
                self.call("strpos", vec![self.expression(r#in)?, self.expression(expr)?])?
            }
            Sql::Substring { expr, substring_from, substring_for, .. } => {
                let from = substring_from.as_deref().map_or(Ok(lit(1i64)), |e| self.expression(e))?;
                let mut arguments = vec![self.expression(expr)?, from];
                arguments.extend(substring_for.as_deref().map(|e| self.expression(e)).transpose()?);
                self.call("substr", arguments)?
            }
            Sql::Trim { expr, trim_where, trim_what } => {
                let name = match trim_where {
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                    Some(ast::TrimWhereField::Both) | None => "btrim",
                };
                let mut arguments = vec![self.expression(expr)?];
                arguments.extend(trim_what.as_deref().map(|e| self.expression(e)).transpose()?);
                self.call(name, arguments)?
            }
            Sql::Function(function) => self.function(function)?,
            other => return Err(format!("conditions on files can't use `{other}`")),
        })
    }

    /// The column of exactly this name, else the only one that has it in other case.
    fn column(&self, name: &str) -> Result<Expr, String> {
        let names: Vec<&String> = self.schema.fields().iter().map(|field| field.name()).collect();
        let alike: Vec<&&String> = names.iter().filter(|there| there.eq_ignore_ascii_case(name)).collect();
        let found = match (names.iter().find(|there| **there == name), alike.as_slice()) {
            (Some(exact), _) => exact,
            (None, [only]) => only,
            (None, []) => {
                let all: Vec<String> = names.iter().map(|name| (*name).clone()).collect();
                let near = crate::table::nearest(name, &all).map(|near| format!("; did you mean `{near}`?"));
                return Err(format!("there is no column `{name}`{}", near.unwrap_or_default()));
            }
            (None, _) => return Err(format!("several columns are called `{name}` in one spelling or another")),
        };
        Ok(Expr::Column(ColumnName::new_unqualified(found.as_str())))
    }

    /// `t.city` is `city`, unless a column is called `t.city` itself, or none is called `city`.
    fn compound(&self, names: &[ast::Ident]) -> Result<Expr, String> {
        let whole = names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>().join(".");
        let last = names.last().map_or("", |name| &name.value);
        let there = |name: &str| self.schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name));
        self.column(if there(&whole) || !there(last) { &whole } else { last })
    }

    fn function(&self, function: &ast::Function) -> Result<Expr, String> {
        if function.over.is_some() || function.distinct || !function.order_by.is_empty() {
            return Err(format!("conditions look at one row: `{function}` looks at several"));
        }
        let arguments = function.args.iter().map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => self.expression(e),
            other => Err(format!("conditions on files can't use `{other}` as an argument")),
        });
        self.call(&function.name.to_string().to_lowercase(), arguments.collect::<Result<_, _>>()?)
    }

    fn call(&self, name: &str, arguments: Vec<Expr>) -> Result<Expr, String> {
        let state = self.context.state();
        let function = state.scalar_functions().get(name);
        function.map(|function| function.call(arguments)).ok_or_else(|| {
            let names: Vec<String> = state.scalar_functions().keys().cloned().collect();
            let near = crate::table::nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
            format!("conditions on files have no function `{name}`{}", near.unwrap_or_default())
        })
    }

    fn interval(&self, interval: &ast::Interval) -> Result<Expr, String> {
        let unknown = || format!("`{interval}` is no interval");
        let amount = match interval.value.as_ref() {
            Sql::Value(Value::SingleQuotedString(text) | Value::Number(text, _)) => text.clone(),
            _ => return Err(unknown()),
        };
        let text = match &interval.leading_field {
            Some(unit) => format!("{amount} {unit}"),
            None => amount,
        };
        let value = parse_interval_month_day_nano(&text).map_err(|_| unknown())?;
        Ok(lit(ScalarValue::IntervalMonthDayNano(Some(value))))
    }
}

fn literal(value: &Value) -> Result<Expr, String> {
    Ok(match value {
        Value::Null => lit(ScalarValue::Null),
        Value::Boolean(value) => lit(*value),
        Value::SingleQuotedString(text)
        | Value::EscapedStringLiteral(text)
        | Value::NationalStringLiteral(text)
        | Value::UnQuotedString(text) => lit(text.as_str()),
        Value::DollarQuotedString(text) => lit(text.value.as_str()),
        Value::Number(text, _) => match (text.parse::<i64>(), text.parse::<u64>(), text.parse::<f64>()) {
            (Ok(number), ..) => lit(number),
            (_, Ok(number), _) => lit(number),
            (_, _, Ok(number)) => lit(number),
            _ => return Err(format!("`{text}` is no number")),
        },
        other => return Err(format!("conditions on files can't use the constant `{other}`")),
    })
}

fn operator(op: &BinaryOperator) -> Result<Operator, String> {
    Ok(match op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::StringConcat => Operator::StringConcat,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::GtEq => Operator::GtEq,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::Spaceship => Operator::IsNotDistinctFrom,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        BinaryOperator::BitwiseOr => Operator::BitwiseOr,
        BinaryOperator::BitwiseAnd => Operator::BitwiseAnd,
        BinaryOperator::PGRegexMatch => Operator::RegexMatch,
        BinaryOperator::PGRegexIMatch => Operator::RegexIMatch,
        BinaryOperator::PGRegexNotMatch => Operator::RegexNotMatch,
        BinaryOperator::PGRegexNotIMatch => Operator::RegexNotIMatch,
        other => return Err(format!("conditions on files have no operator `{other}`")),
    })
}

fn arrow_type(ty: &ast::DataType) -> Result<DataType, String> {
    let text = ty.to_string().to_lowercase();
    let (name, inside) = text.split_once('(').unwrap_or((&text, ""));
    let digits: Vec<u8> =
        inside.trim_end_matches(')').split(',').filter_map(|digit| digit.trim().parse().ok()).collect();
    Ok(match name.trim() {
        "boolean" | "bool" => DataType::Boolean,
        "smallint" | "int2" => DataType::Int16,
        "int" | "integer" | "int4" => DataType::Int32,
        "bigint" | "int8" => DataType::Int64,
        "real" | "float4" => DataType::Float32,
        "float" | "float8" | "double" | "double precision" => DataType::Float64,
        "numeric" | "decimal" | "dec" => match digits.as_slice() {
            [precision @ 1..=38] => DataType::Decimal128(*precision, 0),
            [precision @ 1..=38, scale] if scale <= precision => {
                DataType::Decimal128(*precision, i8::try_from(*scale).unwrap_or(0))
            }
            _ => DataType::Decimal128(38, 10),
        },
        "text" | "varchar" | "char" | "character" | "character varying" | "string" => DataType::Utf8,
        "bytea" | "blob" | "binary" | "varbinary" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" | "datetime" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" | "timestamp with time zone" => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        _ => return Err(format!("conditions on files have no type `{ty}`")),
    })
}
