using AngleSharp.Dom;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace CallCrm.Agent.Web.Tests;

/// <summary>
/// A user's hand. The library's own calls return at once where the renderer is busy with another thread; these return when the
/// page has taken the event, so that what is found next is what the user would see. They stand nearer than the library's.
/// </summary>
internal static class Hand
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public static void Click<T>(this IRenderedComponent<T> page, string selector) where T : IComponent => Find(page, selector, Click);

    public static void Input<T>(this IRenderedComponent<T> page, string selector, string value) where T : IComponent => Find(page, selector, e => Input(e, value));

    public static void Change<T, TValue>(this IRenderedComponent<T> page, string selector, TValue value) where T : IComponent => Find(page, selector, e => Change(e, value));

    public static void Submit<T>(this IRenderedComponent<T> page, string selector) where T : IComponent => Find(page, selector, Submit);

    public static void Click(this IElement element) => Do(element, "onclick", new MouseEventArgs { Detail = 1 });

    public static void Input(this IElement element, string value) => Do(element, "oninput", new ChangeEventArgs { Value = value });

    public static void Change<T>(this IElement element, T value) => Do(element, "onchange", new ChangeEventArgs { Value = value });

    public static void Submit(this IElement element) => Do(element, "onsubmit", EventArgs.Empty);

    public static void KeyDown(this IElement element, string key) => Do(element, "onkeydown", new KeyboardEventArgs { Key = key });

    private static void Do(IElement element, string name, EventArgs args)
    {
        using var taken = new ManualResetEventSlim();
        var dispatcher = element.Owner!.Context.GetService<BunitContext>()!.Renderer.Dispatcher;
        element.TriggerEvent(name, args);
        _ = dispatcher.InvokeAsync(taken.Set);
        if (!taken.Wait(Longest))
            throw new TimeoutException($"The page did not take {name}.");
    }

    /// <summary>A page that is drawn again just then has its element anew.</summary>
    private static void Find<T>(IRenderedComponent<T> page, string selector, Action<IElement> act) where T : IComponent
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                act(page.Find(selector));
                return;
            }
            catch (Bunit.Rendering.UnknownEventHandlerIdException) when (attempt < 20)
            {
                // Found once more.
            }
        }
    }
}
