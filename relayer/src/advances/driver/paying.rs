//! From an order that is due to a transaction that the manager has on disk.

use alloy_primitives::B256;
use spillway_l1::transactions::SubmitError;

use super::trial::TrialError;
use super::{AdvanceDesk, AdvanceError};
use crate::advances::order::Order;
use crate::advances::refusal::Refusal;
use crate::advances::report::AdvanceReport;

impl AdvanceDesk {
    /// Pays the orders whose withdrawals are safe. None is in another's way.
    pub(super) async fn pay_due(&mut self) -> Result<(), AdvanceError> {
        let safe = *self.safe.borrow();
        let due = {
            let desk = self.shared.desk.read();
            let book = &self.shared.book;
            book.current(|withdrawals| desk.due(withdrawals, safe))
        };
        for (order, attempt) in due.unwrap_or_default() {
            let leaf = order.leaf();
            let is_over = self.pauses.get(&leaf).is_none_or(|pause| pause.is_over());
            if !is_over {
                continue;
            }
            match self.pay(&order, attempt).await? {
                Ok(()) => _ = self.pauses.remove(&leaf),
                Err(TrialError::Refused(reason)) => {
                    let sweep = self.shared.desk.write().refuse(leaf, reason);
                    if let Some(sweep) = sweep {
                        self.carry_out(sweep).await?;
                    }
                }
                Err(TrialError::Unknown(reason)) => self.put_off(leaf, reason).await,
            }
        }
        Ok(())
    }

    async fn put_off(&mut self, leaf: B256, reason: String) {
        let (first, longest) = self.waits();
        self.pauses.entry(leaf).or_default().extend(first, longest);
        self.shared.report(AdvanceReport::Waits { reason }).await;
    }

    async fn pay(
        &mut self,
        order: &Order,
        attempt: u32,
    ) -> Result<Result<(), TrialError>, AdvanceError> {
        let shared = &self.shared;
        // What is safe now is safe for L2 as it is now.
        match shared.is_on_l2(order).await {
            Ok(true) => {}
            Ok(false) => return Ok(Err(TrialError::Refused(Refusal::Gone))),
            Err(reason) => return Ok(Err(TrialError::Unknown(reason))),
        }
        if let Err(error) = shared.trial().judge(order).await {
            return Ok(Err(error));
        }
        let request = shared.trial().request(order, attempt);
        let (id, leaf) = (request.id, order.leaf());
        match self.account.manager.submit(request).await {
            Ok(()) => {}
            Err(SubmitError::Stopped) => return Err(AdvanceError::ManagerStopped),
            Err(SubmitError::OtherRequest(_)) => {
                shared.desk.write().on_name_taken(leaf);
                return Ok(Ok(()));
            }
            Err(error) => return Ok(Err(TrialError::Unknown(error.to_string()))),
        }
        shared.desk.write().on_paying(leaf, id);
        let index = order.consent.index;
        shared.report(AdvanceReport::Paying { index, id }).await;
        Ok(Ok(()))
    }
}
