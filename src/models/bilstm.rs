//! stub
pub struct BiLstm;
impl BiLstm {
    pub fn load(
        _t: &std::collections::HashMap<String, candle_core::Tensor>,
        card: super::card::ModelCard,
    ) -> crate::Result<super::dense::DenseScan> {
        Err(crate::Error::model(card.name, "stub"))
    }
}
