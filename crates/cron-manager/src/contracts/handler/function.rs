//! Async functions and closures as handlers.

use std::{fmt::Display, future::ready, marker::PhantomData};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

use super::{ActiveRun, FromRun, Handler, HandlerResult, Services};
use crate::{Result, contracts::BoxFuture};

/// What can be the handler of a job: a [`Handler`], or an async function or closure of at most eight arguments, each of which is [`FromRun`],
/// that returns nothing or a `Result` ([`IntoHandlerResult`]). A closure is cloned for each call.
///
/// `Marker` keeps the two apart; it is always inferred.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, Ctx, Events, Tick};
///
/// #[derive(serde::Deserialize)]
/// struct Shop {
///     shop: u64,
/// }
///
/// async fn send_invoices(Ctx(context): Ctx<Shop>, Tick(due): Tick, events: Events) -> Result<(), std::io::Error> {
///     events.push(format!("invoices of shop {} up to {due}", context.shop));
///     Ok(())
/// }
///
/// let manager = CronManager::builder().build().await?;
/// manager.job("send-invoices").schedule("30 2 * * *").context(serde_json::json!({"shop": 7})).run(send_invoices).await?;
/// manager.job("say-hello").schedule("0 * * * *").run(|| async { println!("hello") }).await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the handler of a job",
    label = "not a handler",
    note = "a handler is an async function or closure of at most 8 arguments that can be called many times: it must be Clone, Send and Sync, and so must be its future Send",
    note = "it may take ActiveRun, Context, Ctx<T>, Config<T>, State<T>, CronRun, Window, Tick, Attempt, Fence, IdempotencyKey, Events, Progress and Cancellation, by value (everything that is cron_manager::FromRun)",
    note = "it returns nothing, or Result<T, E> with T: serde::Serialize and E: std::fmt::Display"
)]
pub trait IntoHandler<Marker> {
    /// The handler that it becomes.
    type Handler: Handler;

    /// Makes it a handler.
    fn into_handler(self) -> Self::Handler;
}

/// Marks what is a [`Handler`].
pub enum AsHandler {}

/// Marks what is a function of these arguments.
pub struct AsFunction<Args>(PhantomData<Args>);

impl<H: Handler> IntoHandler<AsHandler> for H {
    type Handler = H;

    fn into_handler(self) -> H {
        self
    }
}

impl<F: JobFn<Args> + Clone + Sync, Args: 'static> IntoHandler<AsFunction<Args>> for F {
    type Handler = Function<F, Args>;

    fn into_handler(self) -> Function<F, Args> {
        Function { function: self, args: PhantomData }
    }
}

/// A function as a handler.
pub struct Function<F, Args> {
    function: F,
    // A function pointer, so that the handler is Send and Sync whatever the arguments are.
    args: PhantomData<fn(Args)>,
}

#[async_trait]
impl<F: JobFn<Args> + Clone + Sync, Args: 'static> Handler for Function<F, Args> {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        self.function.clone().call(run).await
    }

    fn check(&self, services: &Services) -> Result<()> {
        F::check(services)
    }
}

/// An async function that can do a job once, whose arguments are `Args`, a tuple of what is [`FromRun`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot do a job",
    note = "it must be an async function or closure of at most 8 arguments, each of which is cron_manager::FromRun, that returns nothing or a Result"
)]
pub trait JobFn<Args>: Send + Sized + 'static {
    /// Gets the arguments from the run and calls the function.
    fn call(self, run: ActiveRun) -> BoxFuture<HandlerResult>;

    /// Whether runs will be able to give the arguments.
    ///
    /// Errors: failed precondition, which says what is missing.
    fn check(services: &Services) -> Result<()>;
}

macro_rules! functions {
    ($(($($Arg:ident $arg:ident),*))*) => {$(
        impl<F, Fut, $($Arg),*> JobFn<($($Arg,)*)> for F
        where
            F: FnOnce($($Arg),*) -> Fut + Send + 'static,
            Fut: Future<Output: IntoHandlerResult> + Send + 'static,
            $($Arg: FromRun,)*
        {
            fn call(self, run: ActiveRun) -> BoxFuture<HandlerResult> {
                let _ = &run;
                $(
                    let $arg = match $Arg::from_run(&run) {
                        Ok($arg) => $arg,
                        Err(error) => return Box::pin(ready(Err(error.to_string()))),
                    };
                )*
                let future = self($($arg),*);
                Box::pin(async move { future.await.into_handler_result() })
            }

            fn check(services: &Services) -> Result<()> {
                let _ = services;
                $($Arg::check(services)?;)*
                Ok(())
            }
        }
    )*};
}

functions! {
    ()
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, G g)
    (A a, B b, C c, D d, E e, G g, H h)
    (A a, B b, C c, D d, E e, G g, H h, I i)
}

/// What a handler's function may return: nothing, or a `Result` of anything that serde can write as JSON or anything with a text.
///
/// The text of an error is `{error:#}`, so an error that can tell its chain of causes does.
#[diagnostic::on_unimplemented(
    message = "a job's handler cannot return `{Self}`",
    note = "it returns nothing, or Result<T, E> with T: serde::Serialize and E: std::fmt::Display; a plain value is returned as Ok::<_, String>(value)"
)]
pub trait IntoHandlerResult {
    /// What the run keeps of it.
    fn into_handler_result(self) -> HandlerResult;
}

impl IntoHandlerResult for () {
    fn into_handler_result(self) -> HandlerResult {
        Ok(Value::Null)
    }
}

impl<T: Serialize, E: Display> IntoHandlerResult for std::result::Result<T, E> {
    fn into_handler_result(self) -> HandlerResult {
        let value = self.map_err(|error| format!("{error:#}"))?;
        serde_json::to_value(value).map_err(|error| format!("the returned value is not JSON: {error}"))
    }
}
