namespace CallCrm.Benchmarks;

/// <summary>
/// One figure of <c>callcrm bench</c>. Found by its type: a class that implements this, with a constructor without
/// parameters, is a figure.
/// </summary>
interface IFigure
{
    /// <summary>Stable name, for example <c>ami.index</c>.</summary>
    string Name { get; }

    /// <summary>Unit of the value.</summary>
    string Unit { get; }

    /// <summary><c>higher</c> or <c>lower</c>.</summary>
    string Better { get; }

    /// <summary>The goal in words, for example <c>≥ 400</c>.</summary>
    string Goal { get; }

    /// <summary>Warms up, then measures three times. The median is printed, with the spread.</summary>
    Task<double[]> RunAsync();
}
