//! Row filters on files: a condition in SQL, evaluated by DataFusion batch by batch. (A database
//! filters its rows itself.)

use super::error::SnapshotError;
use super::parts::portable_schema;
use crate::endpoint::ExportBatch;
use crate::table::Column;
use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::Schema;
use datafusion::common::DFSchema;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// A condition over the columns of a file.
#[derive(Debug)]
pub struct RowFilter {
    sql: String,
    address: String,
    expression: Arc<dyn PhysicalExpr>,
    /// The columns it was made for, and which of them are kept, if not all.
    columns: Vec<String>,
    kept: Option<Vec<usize>>,
}

impl RowFilter {
    /// Understands a condition.
    ///
    /// # Errors
    /// If it is no condition over these columns.
    pub fn new(sql: &str, address: &str, columns: &[Column]) -> Result<Self, SnapshotError> {
        Self::over(sql, address, &portable_schema(columns.iter()))
    }

    /// Understands a condition over columns of any type.
    ///
    /// # Errors
    /// If it is no condition over these columns.
    pub fn over(sql: &str, address: &str, columns: &Schema) -> Result<Self, SnapshotError> {
        let failed = |why: datafusion::error::DataFusionError| Self::failure(sql, address, why.strip_backtrace());
        let schema = DFSchema::try_from(columns.clone()).map_err(failed)?;
        let context = SessionContext::new();
        let parsed = super::condition::read(sql, &schema, &context).map_err(|why| Self::failure(sql, address, why))?;
        // Some functions are only a way of writing others, and are rewritten here.
        let rewriting = SimplifyContext::builder().with_schema(Arc::new(schema.clone())).with_current_time().build();
        let simplifier = ExprSimplifier::new(rewriting);
        let simplified =
            simplifier.coerce(parsed, &schema).and_then(|coerced| simplifier.simplify(coerced)).map_err(failed)?;
        let expression = context.create_physical_expr(simplified, &schema).map_err(failed)?;
        let columns = columns.fields().iter().map(|field| field.name().clone()).collect();
        Ok(Self { sql: sql.to_owned(), address: address.to_owned(), expression, columns, kept: None })
    }

    /// The same, to keep only these columns of the rows that it chooses.
    pub fn keeping(mut self, kept: &[Column]) -> Self {
        let place = |column: &Column| self.columns.iter().position(|name| *name == column.name);
        self.kept = Some(kept.iter().filter_map(place).collect());
        self
    }

    /// Those that are kept of the columns that it was made for.
    pub fn kept(&self, columns: &[Column]) -> Vec<Column> {
        match &self.kept {
            None => columns.to_vec(),
            Some(kept) => kept.iter().filter_map(|at| columns.get(*at)).cloned().collect(),
        }
    }

    fn failure(sql: &str, address: &str, why: String) -> SnapshotError {
        SnapshotError::Filter { filter: sql.to_owned(), address: address.to_owned(), why }
    }

    /// Which rows the condition is true for; unknown counts as not true.
    ///
    /// # Errors
    /// If it can't be evaluated, or is no condition.
    pub fn choose(&self, batch: &ExportBatch) -> Result<BooleanArray, SnapshotError> {
        let values = self
            .expression
            .evaluate(&batch.rows)
            .and_then(|value| value.into_array(batch.rows.num_rows()))
            .map_err(|e| Self::failure(&self.sql, &self.address, e.strip_backtrace()))?;
        let truth = values
            .as_boolean_opt()
            .ok_or_else(|| Self::failure(&self.sql, &self.address, "it is neither true nor false".to_owned()))?;
        Ok(truth.iter().map(|value| Some(value == Some(true))).collect())
    }

    /// The batch without the rows that the condition is not true for, and the columns that are not kept.
    ///
    /// # Errors
    /// As [`choose`](Self::choose).
    pub fn apply(&self, batch: &ExportBatch) -> Result<ExportBatch, SnapshotError> {
        let chosen = self.choose(batch)?;
        let rows = arrow::compute::filter_record_batch(&batch.rows, &chosen)
            .map_err(|e| Self::failure(&self.sql, &self.address, e.to_string()))?;
        let mut others = batch.others.clone();
        others.retain(|other| chosen.value(other.row as usize));
        for other in &mut others {
            other.row = chosen.slice(0, other.row as usize).true_count() as u32;
        }
        let chosen = ExportBatch { rows, others };
        match &self.kept {
            None => Ok(chosen),
            Some(kept) => chosen.project(kept).map_err(|e| Self::failure(&self.sql, &self.address, e.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{PortableBuilder, PortableType};

    fn chosen(sql: &str) -> Result<Vec<usize>, SnapshotError> {
        let columns = [
            Column::new("id", PortableType::Integer, ""),
            Column::new("Name", PortableType::Text, ""),
            Column::new("at", PortableType::Timestamp { precision: 0 }, ""),
            Column::new("price", PortableType::Decimal { precision: Some(10), scale: 2 }, ""),
        ];
        let mut builders = columns.each_ref().map(|column| PortableBuilder::new(&column.ty));
        let rows = [
            ["1", "Ada", "2024-03-10 02:30:00", "9.99"],
            ["2", "bob", "2024-03-10 23:00:00", "10.00"],
            ["3", " o'neil", "2025-01-01 00:00:00", ""],
        ];
        for row in rows {
            for (builder, value) in builders.iter_mut().zip(row) {
                if value.is_empty() { builder.null() } else { builder.parse(value) }
            }
        }
        let schema: Arc<Schema> = portable_schema(columns.iter());
        let batch = ExportBatch::new(&schema, builders.iter_mut().map(PortableBuilder::finish).collect()).unwrap();
        let choice = RowFilter::new(sql, "rows.csv", &columns)?.choose(&batch)?;
        Ok((0..3).filter(|row| choice.value(*row)).map(|row| row + 1).collect())
    }

    #[test]
    fn conditions_choose_rows() {
        for (sql, expected) in [
            ("id >= 2", vec![2, 3]),
            ("\"Name\" = 'Ada' or NAME like 'b%'", vec![1, 2]),
            ("name ilike 'ADA'", vec![1]),
            ("price is null", vec![3]),
            ("price + 0.01 >= 10 and not (id in (2, 7))", vec![1]),
            ("id between 2 and 3 and id <> 3 -- only one", vec![2]),
            ("at < timestamp '2024-03-10 12:00:00'", vec![1]),
            ("at >= date '2024-12-31' - interval '1' day", vec![3]),
            ("extract(year from at) = 2024", vec![1, 2]),
            ("date_trunc('day', at) = '2024-03-10'", vec![1, 2]),
            ("lower(trim(name)) = 'o''neil'", vec![3]),
            ("substring(name from 1 for 2) = 'bo'", vec![2]),
            ("case when id = 1 then true else price = 10 end", vec![1, 2]),
            ("coalesce(price, 0) = 0", vec![3]),
            ("cast(id as varchar) || 'x' = '2x'", vec![2]),
            ("id::text = '3'", vec![3]),
            ("price is distinct from 10", vec![1, 3]),
        ] {
            assert_eq!(chosen(sql).unwrap_or_else(|e| panic!("{sql}: {e}")), expected, "{sql}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_in_words() {
        for (sql, words) in [
            ("nme = 'x'", "did you mean `Name`"),
            ("lowr(name) = 'x'", "did you mean `lower`"),
            ("id = 1 id", "not expected"),
            ("id =", "found: EOF"),
            ("id in (select 1)", "can't use"),
            ("count(*) > 1", "can't use"),
            ("id + 1", "true nor false"),
        ] {
            let error = chosen(sql).unwrap_err().to_string();
            assert!(error.contains(words), "{sql}: {error}");
        }
    }
}
