//! Row filters on files: a condition in DataFusion's SQL, evaluated batch by batch. (A database
//! filters its rows itself.)

use super::error::SnapshotError;
use super::parts::portable_schema;
use crate::endpoint::ExportBatch;
use crate::table::Column;
use arrow::array::{AsArray, BooleanArray};
use datafusion::common::DFSchema;
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// A condition over the columns of a file.
#[derive(Debug)]
pub struct RowFilter {
    sql: String,
    address: String,
    expression: Arc<dyn PhysicalExpr>,
}

impl RowFilter {
    /// Understands a condition.
    ///
    /// # Errors
    /// If it is no condition over these columns.
    pub fn new(sql: &str, address: &str, columns: &[Column]) -> Result<Self, SnapshotError> {
        let failed = |why: datafusion::error::DataFusionError| Self::failure(sql, address, why.strip_backtrace());
        let schema = DFSchema::try_from(portable_schema(columns.iter()).as_ref().clone()).map_err(failed)?;
        let context = SessionContext::new();
        let parsed = context.parse_sql_expr(sql, &schema).map_err(failed)?;
        let expression = context.create_physical_expr(parsed, &schema).map_err(failed)?;
        Ok(Self { sql: sql.to_owned(), address: address.to_owned(), expression })
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

    /// The batch without the rows that the condition is not true for.
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
        Ok(ExportBatch { rows, others })
    }
}
