//! Values and what stands for them in a column, in PostgreSQL's binary form.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, types::Oid},
};

use crate::{
    AuditId, CalendarId, CalendarName, ClaimToken, Context, CronConfigId, Fence, JobName, ReplicaId, Revision, Role,
    RunId, RunKind, RunState, SkipReason, StoreId, TokenId, TraceParent, domain::schedule::DstGap,
};

/// Lets values of a type stand in columns of another type's kind: how it is stored, and how it is loaded.
macro_rules! stored {
    ($type:ty as $column:ty, |$value:ident| $store:expr, |$stored:ident| $load:expr) => {
        impl Type<Postgres> for $type {
            fn type_info() -> PgTypeInfo {
                <$column as Type<Postgres>>::type_info()
            }

            fn compatible(info: &PgTypeInfo) -> bool {
                <$column as Type<Postgres>>::compatible(info)
            }
        }

        impl PgHasArrayType for $type {
            fn array_type_info() -> PgTypeInfo {
                <$column as PgHasArrayType>::array_type_info()
            }

            fn array_compatible(info: &PgTypeInfo) -> bool {
                <$column as PgHasArrayType>::array_compatible(info)
            }
        }

        impl Encode<'_, Postgres> for $type {
            fn encode_by_ref(&self, to: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let $value = self;
                Encode::<Postgres>::encode($store, to)
            }
        }

        impl Decode<'_, Postgres> for $type {
            fn decode(from: PgValueRef<'_>) -> Result<Self, BoxDynError> {
                let $stored = <$column as Decode<Postgres>>::decode(from)?;
                $load
            }
        }
    };
}

stored!(CronConfigId as i32, |id| id.0, |id| Ok(Self(id)));
stored!(RunId as i64, |id| id.0, |id| Ok(Self(id)));
stored!(Fence as i64, |fence| fence.0, |fence| Ok(Self(fence)));
stored!(Revision as i64, |revision| revision.0, |revision| Ok(Self(revision)));
stored!(ClaimToken as i64, |token| token.0, |token| Ok(Self(token)));
stored!(TokenId as i64, |id| id.0, |id| Ok(Self(id)));
stored!(AuditId as i64, |id| id.0, |id| Ok(Self(id)));
stored!(CalendarId as i32, |id| id.0, |id| Ok(Self(id)));
stored!(CalendarName as String, |name| name.as_str(), |name| Ok(Self::new(&name)?));
stored!(Role as String, |role| role.as_str(), |word| known(Self::from_word(&word), &word));
stored!(Context as String, |context| context.as_str(), |text| Ok(Self::parse(&text)?));
stored!(JobName as String, |name| name.as_str(), |name| Ok(name.parse()?));
stored!(ReplicaId as String, |id| id.to_string(), |id| Ok(id.parse()?));
stored!(StoreId as String, |id| id.to_string(), |id| Ok(id.parse()?));
stored!(RunKind as String, |kind| kind.as_str(), |word| known(Self::from_word(&word), &word));
stored!(RunState as String, |state| state.as_str(), |word| known(Self::from_word(&word), &word));
stored!(SkipReason as String, |reason| reason.as_str(), |word| known(Self::from_word(&word), &word));
stored!(TraceParent as String, |parent| parent.to_string(), |text| Ok(text.parse()?));
stored!(DstGap as String, |gap| gap.as_str(), |word| Ok(word.parse()?));

fn known<T>(value: Option<T>, word: &str) -> Result<T, BoxDynError> {
    value.ok_or_else(|| format!("{word:?} is not a word that this program knows").into())
}

/// An instant in a `timestamptz`, to the microsecond.
#[derive(Clone, Copy)]
pub(super) struct Instant(pub(super) Timestamp);

/// The Unix epoch to PostgreSQL's, 2000-01-01, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        const TIMESTAMPTZ: Oid = Oid(1184);
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Instant {
    fn array_type_info() -> PgTypeInfo {
        const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, to: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.0.as_microsecond() - EPOCH, to)
    }
}

impl Decode<'_, Postgres> for Instant {
    fn decode(from: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        // At both ends of its range stand the infinities, which we never write.
        let micros = <i64 as Decode<Postgres>>::decode(from)?.saturating_add(EPOCH);
        Ok(Self(Timestamp::from_microsecond(micros)?))
    }
}

/// A duration in a `bigint`, in nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct Nanoseconds(pub(super) Duration);

stored!(Nanoseconds as i64, |length| i64::try_from(length.0.as_nanos())?, |nanos| Ok(Self(Duration::from_nanos(
    u64::try_from(nanos)?
))));

/// A count in a `bigint`.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) u64);

stored!(Count as i64, |count| i64::try_from(count.0)?, |count| Ok(Self(u64::try_from(count)?)));

/// The instant as precise as a column keeps it.
pub(super) fn whole(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

/// Which page of its config: the column's value for `lane`, or nothing for the service's page, as the indexes have it.
pub(super) fn lane_key(lane: Option<ReplicaId>) -> String {
    lane.map_or_else(String::new, |replica| replica.to_string())
}
